"""Where settings come from, what wins, and what is said about wrong ones."""

from typing import Any

import pytest

from keystead.settings import DEFAULT_LISTEN, Listener, SettingsError, listener, load


@pytest.fixture
def file(tmp_path):
    """Give what writes a settings file."""

    def write(text):
        path = tmp_path / "keystead.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def problem(*arguments):
    """Give what is said of settings that are wrong."""
    with pytest.raises(SettingsError) as error:
        load(*arguments)
    return str(error.value)


@pytest.mark.clause(
    "EN 18031-1 SCM-1", "EN 18031-1 GEC-2", "EN 18031-1 GEC-3", "ETSI EN 303 645 5.5-7"
)
def test_nothing_need_be_set():
    settings = load(None, {}, {})

    assert (settings.data, settings.listen) == ("data", DEFAULT_LISTEN)
    assert settings.listeners == (
        Listener("nymeas", None, 2222, authentication=True),
        Listener("https", None, 4444, authentication=True),
    )
    assert (settings.password_profile, settings.self_service) == ("nymea", False)
    assert (settings.certificate, settings.key, settings.buttons) == (None, None, "off")


def test_flags_win_over_the_environment_and_that_over_the_file(file):
    path = file('data = "file"\nname = "file"\nlog_level = "error"\n')
    environment = {"KEYSTEAD_DATA": "environment", "KEYSTEAD_NAME": "environment"}

    settings = load(path, environment, {"data": "flag", "listen": None})

    assert settings.data == "flag"
    assert settings.name == "environment"
    assert settings.log_level == "error"
    assert settings.listen == DEFAULT_LISTEN


def test_a_list_is_replaced_as_a_whole(file):
    path = file('listen = ["nymea://127.0.0.1:1", "nymea://127.0.0.1:2"]')

    assert load(path, {}, {}).listen == ("nymea://127.0.0.1:1", "nymea://127.0.0.1:2")
    assert load(path, {"KEYSTEAD_LISTEN": "http://[::1]:3"}, {}).listen == ("http://[::1]:3",)
    assert load(path, {}, {"listen": ["http://[::1]:4"]}).listen == ("http://[::1]:4",)


def test_the_environment_separates_addresses_by_blanks():
    environment = {"KEYSTEAD_LISTEN": " nymea://127.0.0.1:1  http://127.0.0.1:2\n"}

    assert load(None, environment, {}).listen == ("nymea://127.0.0.1:1", "http://127.0.0.1:2")


@pytest.mark.parametrize(("text", "value"), [("true", True), ("1", True), ("false", False)])
def test_the_environment_says_yes_and_no_in_words(text, value):
    assert load(None, {"KEYSTEAD_SELF_SERVICE": text}, {}).self_service is value


def test_other_variables_do_not_matter():
    environment = {"KEYSTEAD_CONFIG": "x", "PATH": "/", "KEYSTEADY": "x", "LISTEN": "x"}

    assert load(None, environment, {}) == load(None, {}, {})


@pytest.mark.parametrize(
    ("wrong", "near"),
    [("lissten", "listen"), ("Data", "data"), ("self-service", "self_service"), ("", None)],
)
def test_an_unknown_key_of_the_file_is_named_with_the_nearest_known(file, wrong, near):
    path = file(f'"{wrong}" = 1')

    said = problem(path, {}, {})

    assert said.startswith(f"Unknown setting {wrong} in {path}; did you mean ")
    assert near is None or said.endswith(f" {near}?")


def test_an_unknown_variable_is_named_with_the_nearest_known():
    said = problem(None, {"KEYSTEAD_LOGLEVEL": "info"}, {})

    assert said == (
        "Unknown setting loglevel in the environment (KEYSTEAD_LOGLEVEL);"
        " did you mean log_level?"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("data = 5", "A setting is wrong: Expected `str`, got `int` - at `$.data`."),
        ('listen = "x"', "A setting is wrong: Expected `array`, got `str` - at `$.listen`."),
        ("listen = [1]", "A setting is wrong: Expected `str`, got `int` - at `$.listen[0]`."),
        (
            'log_level = "loud"',
            "A setting is wrong: Invalid enum value 'loud' - at `$.log_level`.",
        ),
        (
            'password_profile = "none"',
            "A setting is wrong: Invalid enum value 'none' - at `$.password_profile`.",
        ),
        (
            'self_service = "perhaps"',
            "A setting is wrong: Expected `bool`, got `str` - at `$.self_service`.",
        ),
    ],
)
def test_a_wrong_value_is_named_with_its_place(file, text, said):
    assert problem(file(text), {}, {}) == said


def test_a_wrong_value_is_wrong_even_where_another_wins(file):
    assert "$.data" in problem(file("data = 5"), {}, {"data": "fine"})
    assert "$.log_level" in problem(file(""), {"KEYSTEAD_LOG_LEVEL": "loud"}, {})


@pytest.mark.parametrize("half", ['certificate = "chain.pem"', 'key = "key.pem"'])
def test_a_certificate_needs_its_key(file, half):
    said = problem(file(half), {}, {})

    assert said == "The settings certificate and key go together; one is missing."


def test_a_certificate_and_its_key_may_come_from_different_places(file):
    settings = load(file('certificate = "chain.pem"'), {"KEYSTEAD_KEY": "key.pem"}, {})

    assert (settings.certificate, settings.key) == ("chain.pem", "key.pem")


def test_a_missing_file_is_named(tmp_path):
    path = tmp_path / "none.toml"

    assert problem(path, {}, {}) == (
        f"The settings {path} cannot be read: No such file or directory."
    )


def test_a_folder_is_no_file(tmp_path):
    assert problem(tmp_path, {}, {}) == (
        f"The settings {tmp_path} cannot be read: Is a directory."
    )


@pytest.mark.parametrize("text", [b"data = ", b"\xff\xfe", b"data = 'x'\ndata = 'y'"])
def test_a_file_that_is_not_toml_is_named_with_the_place(file, text):
    path = file(text)

    assert problem(path, {}, {}).startswith(f"The settings {path} are not TOML: ")


def test_a_wrong_address_is_wrong_wherever_it_stands(file):
    sources: list[Any] = [
        (file('listen = ["x"]'), {}, {}),
        (None, {"KEYSTEAD_LISTEN": "x"}, {}),
        (None, {}, {"listen": ["x"]}),
    ]
    for arguments in sources:
        assert problem(*arguments) == (
            "The address x must begin with one of: nymea, nymeas, http, https."
        )


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("nymea://127.0.0.1:2222", Listener("nymea", "127.0.0.1", 2222, authentication=True)),
        ("nymeas://*:0", Listener("nymeas", None, 0, authentication=True)),
        ("http://[::1]:80", Listener("http", "::1", 80, authentication=True)),
        ("https://[::]:4444/", Listener("https", "::", 4444, authentication=True)),
        (
            "https://Box.Example:4444",
            Listener("https", "box.example", 4444, authentication=True),
        ),
        (
            "nymea://127.0.0.1:1?authentication=on",
            Listener("nymea", "127.0.0.1", 1, authentication=True),
        ),
        (
            "nymea://127.8.9.10:1?authentication=off",
            Listener("nymea", "127.8.9.10", 1, authentication=False),
        ),
        (
            "http://[::1]:1/?authentication=off",
            Listener("http", "::1", 1, authentication=False),
        ),
        (
            "http://LOCALHOST:1?authentication=off",
            Listener("http", "localhost", 1, authentication=False),
        ),
    ],
)
def test_an_address_is_a_url(url, found):
    assert listener(url) == found


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "must begin with one of: nymea, nymeas, http, https"),
        ("2222", "must begin with one of: nymea, nymeas, http, https"),
        ("ws://127.0.0.1:1", "must begin with one of: nymea, nymeas, http, https"),
        ("nymea:127.0.0.1:1", "must look like nymea://host:port"),
        ("nymea://127.0.0.1", "must look like nymea://host:port"),
        ("nymea://127.0.0.1:", "must look like nymea://host:port"),
        ("https://:1", "must look like https://host:port"),
        ("http://127.0.0.1:1/path", "must look like http://host:port"),
        ("nymea://somebody@127.0.0.1:1", "must look like nymea://host:port"),
        ("nymea://127.0.0.1:1#top", "must look like nymea://host:port"),
        ("nymea://127.0.0.1:65536", "is wrong: Port out of range 0-65535"),
        ("nymea://127.0.0.1:-1", "is wrong: Port could not be cast to integer value as '-1'"),
        ("nymea://127.0.0.1:x", "is wrong: Port could not be cast to integer value as 'x'"),
        ("nymea://[::1:1", "is wrong: Invalid IPv6 URL"),
        ("nymea://::1:1", "is wrong: Port could not be cast to integer value as ':1:1'"),
        ("nymea://127.0.0.1:1?tls=on", "has an option other than authentication=off"),
        ("nymea://127.0.0.1:1?authentication", "has an option other than authentication=off"),
        (
            "nymea://127.0.0.1:1?authentication=no",
            "has an option other than authentication=off",
        ),
        (
            "nymea://127.0.0.1:1?authentication=off&authentication=off",
            "has an option other than authentication=off",
        ),
    ],
)
def test_a_wrong_address_is_named_with_what_is_wrong(url, said):
    with pytest.raises(SettingsError) as error:
        listener(url)

    assert str(error.value) == f"The address {url} {said}."


@pytest.mark.parametrize(
    "host",
    [
        "*",
        "0.0.0.0",  # noqa: S104 - refused
        "[::]",
        "192.168.1.2",
        "[fe80::1]",
        "box.example",
        "127.1",
    ],
)
def test_only_loopback_may_do_without_authentication(host):
    url = f"nymea://{host}:1?authentication=off"

    with pytest.raises(SettingsError) as error:
        listener(url)

    assert str(error.value) == (
        f"The address {url} may do without authentication on loopback only."
    )


@pytest.mark.parametrize(
    "url", ["nymea://127.0.0.1:22\n22", "nymea://127.0.0.1:1\t", "nymea://a\0b:1"]
)
def test_an_address_with_control_characters_is_wrong(url):
    with pytest.raises(SettingsError):
        listener(url)


@pytest.mark.parametrize(
    ("url", "is_encrypted", "is_loopback"),
    [
        ("nymea://127.0.0.1:1", False, True),
        ("http://[::1]:1", False, True),
        ("http://localhost:1", False, True),
        ("nymeas://localhost.example:1", True, False),
        ("https://*:1", True, False),
        ("https://10.0.0.1:1", True, False),
    ],
)
def test_an_address_tells_who_reaches_it_and_how(url, is_encrypted, is_loopback):
    found = listener(url)

    assert (found.is_encrypted, found.is_loopback) == (is_encrypted, is_loopback)


@pytest.mark.parametrize("url", ["nymea://*:0", "http://[::1]:0", "https://127.0.0.1:0"])
def test_an_address_is_told_with_the_port_in_use(url):
    assert listener(url).url(4711) == url.removesuffix("0") + "4711"


def test_an_empty_file_sets_nothing(file):
    assert load(file(""), {}, {}) == load(None, {}, {})


@pytest.mark.parametrize(("memory", "time"), [(47104, 1), (19456, 2), (12288, 3), (12288, 64)])
def test_hashing_may_be_as_strong_as_is_asked_for(memory, time):
    settings = load(None, {}, {"argon2_memory_kib": memory, "argon2_time": time})
    assert (settings.argon2_memory_kib, settings.argon2_time) == (memory, time)
    assert load(None, {"KEYSTEAD_ARGON2_PARALLELISM": "4"}, {}).argon2_parallelism == 4


@pytest.mark.parametrize(("memory", "time"), [(47103, 1), (19455, 2), (12287, 3), (12287, 64)])
def test_hashing_is_never_weaker_than_what_guessing_takes(memory, time):
    said = problem(None, {}, {"argon2_memory_kib": memory, "argon2_time": time})
    assert said == (
        f"Hashing with argon2_memory_kib = {memory} is too weak:"
        f" with argon2_time = {time} it must be {memory + 1} at least."
    )


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("argon2_memory_kib", 1024 * 1024 + 1),
        ("argon2_time", 65),
        ("argon2_time", 0),
        ("argon2_parallelism", 17),
        ("argon2_parallelism", 0),
    ],
)
def test_hashing_stays_within_what_a_machine_bears(key, value):
    assert key in problem(None, {}, {key: value})
