"""The device's own certificates, and the context that listeners serve with."""

import contextlib
import ipaddress
import socket
import ssl
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from keystead.net import tls

NOW = datetime(2026, 11, 22, tzinfo=UTC)
ANY_TIME = ssl.VerifyFlags(0x200000)  # the certificates of these tests live in made-up times


def load(path):
    return x509.load_pem_x509_certificate(path.read_bytes())


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def client_trusting(authority):
    context = ssl.create_default_context(cafile=authority)
    context.verify_flags |= ssl.VERIFY_X509_STRICT | ANY_TIME
    return context


def shake_hands(server, client, name):
    """Connect *client* to *server* over a socket pair; give the version and the certificate."""
    near, far = socket.socketpair()
    near.settimeout(10)
    far.settimeout(10)

    def serve():
        with contextlib.suppress(OSError), server.wrap_socket(far, server_side=True) as peer:
            peer.sendall(peer.recv(2))

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with client.wrap_socket(near, server_hostname=name) as connection:
            connection.sendall(b"{}")
            assert connection.recv(2) == b"{}"
            return connection.version(), connection.getpeercert(binary_form=True)
    finally:
        near.close()
        thread.join()
        far.close()


@pytest.fixture(scope="module")
def made_once(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "certificates"
    return folder, tls.server_context(folder, NOW)


@pytest.fixture
def folder(tmp_path):
    tls.server_context(tmp_path / "certificates", NOW)
    return tmp_path / "certificates"


@pytest.mark.clause(
    "EN 18031-1 SCM-2", "EN 18031-1 CRY-1", "ETSI EN 303 645 5.1-3", "ETSI EN 303 645 5.5-1"
)
@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1", socket.gethostname()])
def test_a_client_that_trusts_the_authority_connects_by_every_name(made_once, name):
    folder, server = made_once
    version, certificate = shake_hands(server, client_trusting(folder / "ca.crt"), name)
    assert version == "TLSv1.3"
    assert ssl.DER_cert_to_PEM_cert(certificate) == (folder / "server.crt").read_text()


@pytest.mark.clause("EN 18031-1 SCM-2")
def test_a_client_that_expects_another_name_does_not_connect(made_once):
    folder, server = made_once
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        shake_hands(server, client_trusting(folder / "ca.crt"), "other.example")


def test_tls_1_2_is_served(made_once):
    folder, server = made_once
    client = client_trusting(folder / "ca.crt")
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    assert shake_hands(server, client, "localhost")[0] == "TLSv1.2"


@pytest.mark.clause("EN 18031-1 SCM-3", "EN 18031-1 CRY-1", "ETSI EN 303 645 5.5-1")
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
def test_tls_1_1_is_refused_by_the_server(made_once):
    _, server = made_once
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    client.set_ciphers("ALL:@SECLEVEL=0")  # or the client would not even ask
    client.minimum_version = ssl.TLSVersion.TLSv1_1
    client.maximum_version = ssl.TLSVersion.TLSv1_1
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        client.wrap_bio(to_client, to_server).do_handshake()
    with pytest.raises(ssl.SSLError) as refusal:
        server.wrap_bio(to_server, to_client, server_side=True).do_handshake()
    assert refusal.value.reason == "UNSUPPORTED_PROTOCOL"


@pytest.mark.clause("EN 18031-1 SSM-3", "ETSI EN 303 645 5.4-1", "ETSI EN 303 645 5.5-8")
def test_only_the_owner_may_read_the_keys(made_once):
    folder, _ = made_once
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "ca.key").stat().st_mode & 0o777 == 0o600
    assert (folder / "server.key").stat().st_mode & 0o777 == 0o600
    assert set(contents(folder)) == {"ca.crt", "ca.key", "server.crt", "server.key"}


def test_a_folder_that_others_may_enter_is_closed_to_them(tmp_path):
    tmp_path.chmod(0o755)
    tls.server_context(tmp_path, NOW)
    assert tmp_path.stat().st_mode & 0o777 == 0o700


def test_the_authority_lasts_twenty_years_and_signs_servers_only(made_once):
    authority = load(made_once[0] / "ca.crt")
    assert authority.not_valid_after_utc == NOW.replace(year=2046)
    constraints = authority.extensions.get_extension_for_class(x509.BasicConstraints)
    assert constraints.critical
    assert constraints.value == x509.BasicConstraints(ca=True, path_length=0)
    usage = authority.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.key_cert_sign
    assert not usage.digital_signature


def test_the_server_certificate_lasts_as_long_as_clients_accept(made_once):
    server = load(made_once[0] / "server.crt")
    lifetime = server.not_valid_after_utc - server.not_valid_before_utc
    assert timedelta(days=397) <= lifetime <= timedelta(days=825)
    assert server.not_valid_before_utc < NOW


def test_the_server_certificate_names_the_host_on_the_local_network(made_once):
    server = load(made_once[0] / "server.crt")
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    local_name = socket.gethostname().partition(".")[0] + ".local"
    assert local_name in names.get_values_for_type(x509.DNSName)
    usage = server.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature
    assert not usage.key_cert_sign


def test_a_host_without_a_network_or_a_usable_name_gets_its_certificate(tmp_path, monkeypatch):
    def unreachable(*_, **__):
        raise OSError

    monkeypatch.setattr(socket, "gethostname", lambda: "büro")
    monkeypatch.setattr(socket, "getaddrinfo", unreachable)
    monkeypatch.setattr(socket, "socket", unreachable)
    tls.server_context(tmp_path, NOW)
    server = load(tmp_path / "server.crt")
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert names.get_values_for_type(x509.IPAddress) == [
        ipaddress.ip_address("127.0.0.1"),
        ipaddress.ip_address("::1"),
    ]


def test_the_addresses_of_the_host_are_named_without_their_zone(tmp_path, monkeypatch):
    entry = (socket.AF_INET6, socket.SOCK_STREAM, 0, "", ("fe80::1%eth0", 0, 0, 2))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: [entry])
    tls.server_context(tmp_path, NOW)
    server = load(tmp_path / "server.crt")
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert ipaddress.ip_address("fe80::1") in names.get_values_for_type(x509.IPAddress)


@pytest.mark.clause("EN 18031-1 CCK-2", "EN 18031-1 CCK-3", "ETSI EN 303 645 5.4-4")
def test_two_devices_share_no_key_and_no_name(made_once, folder):
    first, second = load(made_once[0] / "ca.crt"), load(folder / "ca.crt")
    assert first.subject != second.subject
    pairs = [(made_once[0], "ca.key"), (made_once[0], "server.key")]
    pairs += [(folder, "ca.key"), (folder, "server.key")]
    assert len({(place / name).read_bytes() for place, name in pairs}) == 4


@pytest.mark.clause("EN 18031-1 CCK-1")
@pytest.mark.parametrize("name", ["ca.key", "server.key"])
def test_keys_are_on_a_curve_of_256_bits(made_once, name):
    pem = (made_once[0] / name).read_bytes()
    key = serialization.load_pem_private_key(pem, password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert key.curve.name == "secp256r1"


def test_a_later_start_changes_nothing(folder):
    before = contents(folder)
    tls.server_context(folder, NOW + timedelta(days=789))
    assert contents(folder) == before


def test_a_later_start_does_not_load_the_signing_library(folder):
    program = (
        "import pathlib, sys, datetime as d; from keystead.net import tls;"
        f"tls.server_context(pathlib.Path({str(folder)!r}), d.datetime(2026, 12, 1, tzinfo=d.UTC));"
        "sys.exit('cryptography' in sys.modules)"
    )
    path = ":".join(entry for entry in sys.path if entry)
    subprocess.run([sys.executable, "-c", program], check=True, env={"PYTHONPATH": path})


@pytest.mark.clause("ETSI EN 303 645 5.5-8")
def test_thirty_days_before_its_end_the_server_certificate_is_renewed_by_the_same_authority(
    folder,
):
    before = contents(folder)
    later = NOW + timedelta(days=791)
    server = tls.server_context(folder, later)
    after = contents(folder)
    assert (after["ca.crt"], after["ca.key"]) == (before["ca.crt"], before["ca.key"])
    assert after["server.key"] != before["server.key"]
    assert load(folder / "server.crt").not_valid_after_utc == later + tls.SERVER_LIFETIME
    assert shake_hands(server, client_trusting(folder / "ca.crt"), "localhost")


def damage(folder, name):
    (folder / name).write_text("-----BEGIN CERTIFICATE-----\nno\n-----END CERTIFICATE-----\n")


@pytest.mark.parametrize("name", ["server.crt", "server.key"])
@pytest.mark.parametrize("harm", ["removed", "damaged", "of another device"])
def test_a_server_certificate_that_cannot_be_used_is_renewed(folder, made_once, name, harm):
    authority = (folder / "ca.crt").read_bytes()
    match harm:
        case "removed":
            (folder / name).unlink()
        case "damaged":
            damage(folder, name)
        case _:
            (folder / name).write_bytes((made_once[0] / name).read_bytes())
    server = tls.server_context(folder, NOW)
    assert (folder / "ca.crt").read_bytes() == authority
    assert shake_hands(server, client_trusting(folder / "ca.crt"), "localhost")


def test_a_server_certificate_of_another_authority_is_renewed(folder, made_once):
    for name in ("server.crt", "server.key"):
        (folder / name).write_bytes((made_once[0] / name).read_bytes())
    server = tls.server_context(folder, NOW)
    assert shake_hands(server, client_trusting(folder / "ca.crt"), "localhost")


@pytest.mark.clause("ETSI EN 303 645 5.5-8")
@pytest.mark.parametrize("name", ["ca.crt", "ca.key"])
@pytest.mark.parametrize("harm", ["removed", "damaged", "of another device"])
def test_an_authority_that_cannot_be_used_is_reported_and_never_replaced(
    folder, made_once, name, harm
):
    match harm:
        case "removed":
            (folder / name).unlink()
        case "damaged":
            damage(folder, name)
        case _:
            (folder / name).write_bytes((made_once[0] / name).read_bytes())
    before = contents(folder)
    with pytest.raises(tls.CertificateError, match="restore both from a backup, or") as error:
        tls.server_context(folder, NOW)
    assert "\n" not in str(error.value)
    assert contents(folder) == before


def test_lost_certificates_beside_their_keys_are_no_first_start(folder):
    (folder / "ca.crt").unlink()
    (folder / "server.crt").unlink()
    with pytest.raises(tls.CertificateError, match="No such file"):
        tls.server_context(folder, NOW)


def test_an_authority_that_has_ended_is_reported(folder):
    with pytest.raises(tls.CertificateError, match="ended on 2046-11-22"):
        tls.server_context(folder, NOW + tls.AUTHORITY_LIFETIME)


def test_no_server_certificate_outlives_its_authority(folder):
    tls.server_context(folder, NOW + tls.AUTHORITY_LIFETIME - timedelta(days=100))
    server, authority = load(folder / "server.crt"), load(folder / "ca.crt")
    assert server.not_valid_after_utc == authority.not_valid_after_utc


def self_signed(folder, protection):
    """Write an RSA pair of the operator's own, as nymea wants them."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "gateway.example")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=30))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("gateway.example")]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    pem, kind = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (folder / "own.crt").write_bytes(certificate.public_bytes(pem))
    (folder / "own.key").write_bytes(key.private_bytes(pem, kind, protection))
    return folder / "own.crt", folder / "own.key"


def test_an_authority_of_another_kind_is_reported(tmp_path):
    certificate, key = self_signed(tmp_path, serialization.NoEncryption())
    certificate.rename(tmp_path / "ca.crt")
    key.rename(tmp_path / "ca.key")
    with pytest.raises(tls.CertificateError, match="not an elliptic-curve key"):
        tls.server_context(tmp_path, NOW)


def test_a_first_start_that_lost_power_is_taken_up_again(folder):
    for name in ("ca.crt", "server.crt", "server.key"):
        (folder / name).unlink()
    (folder / "ca.crt.new").write_bytes(b"half")
    server = tls.server_context(folder, NOW)
    assert shake_hands(server, client_trusting(folder / "ca.crt"), "localhost")
    assert "ca.crt.new" not in contents(folder)


def test_certificates_made_before_the_clock_was_set_last(tmp_path):
    tls.server_context(tmp_path, datetime(1970, 1, 1, tzinfo=UTC))
    before = contents(tmp_path)
    tls.server_context(tmp_path, NOW)
    assert contents(tmp_path) == before
    assert load(tmp_path / "ca.crt").not_valid_after_utc.year == 2046


def test_a_clock_that_fell_back_does_not_renew(folder):
    before = contents(folder)
    tls.server_context(folder, datetime(1970, 1, 1, tzinfo=UTC))
    assert contents(folder) == before


@pytest.mark.clause("IEC 62443-4-2 CR 1.8")
def test_an_own_certificate_is_served_and_the_folder_left_alone(tmp_path):
    certificate, key = self_signed(tmp_path, serialization.NoEncryption())
    server = tls.server_context(tmp_path / "certificates", NOW, certificate, key)
    client = ssl.create_default_context(cafile=certificate)
    client.verify_flags |= ANY_TIME
    assert shake_hands(server, client, "gateway.example")
    assert not (tmp_path / "certificates").exists()


def test_an_own_certificate_without_its_key_is_refused(tmp_path):
    with pytest.raises(tls.CertificateError, match="both or neither"):
        tls.server_context(tmp_path, NOW, certificate=tmp_path / "own.crt")
    with pytest.raises(tls.CertificateError, match="both or neither"):
        tls.server_context(tmp_path, NOW, key=tmp_path / "own.key")


def test_an_own_certificate_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(tls.CertificateError, match=r"own\.crt .*No such file"):
        tls.server_context(tmp_path, NOW, tmp_path / "own.crt", tmp_path / "own.key")


def test_an_own_key_with_a_pass_phrase_is_refused_without_asking_for_it(tmp_path):
    protection = serialization.BestAvailableEncryption(b"secret")
    certificate, key = self_signed(tmp_path, protection)
    with pytest.raises(tls.CertificateError, match="without a pass phrase"):
        tls.server_context(tmp_path, NOW, certificate, key)


def test_the_fingerprint_is_the_digest_that_other_tools_show(made_once):
    certificate = made_once[0] / "server.crt"
    digest = load(certificate).fingerprint(hashes.SHA256())
    assert tls.fingerprint(certificate.read_bytes()) == digest.hex(":").upper()


@pytest.mark.parametrize("text", [b"", b"no certificate", b"\xff"])
def test_what_is_no_certificate_has_no_fingerprint(text):
    with pytest.raises(ValueError, match=r"ascii|PEM"):
        tls.fingerprint(text)
