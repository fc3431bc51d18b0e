"""What becomes of a folder, given what is in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.reference.plan import InTheWayError, Plan, plan

TAGS = {"metier/Tags.md": "# Tags", "index.md": "# Index", "extra.css": ".badge {}"}
BEGIN = "<!-- keystead: generated from here on; write above, or below the end -->"
END = "<!-- keystead: the end of what is generated -->"


def planned(generated, present=(), foreign=()):
    return plan(generated, dict(present), foreign, lambda name: f"# {name}\n\nGone.")


def built(generated, present=()):
    """Give what is in a folder once the plan was carried out."""
    present = dict(present)
    found = planned(generated, present)
    kept = {path: text for path, text in present.items() if path not in found.removed}
    return kept | found.written


def marked(body, before="", after="\n"):
    return f"{before}{BEGIN}\n\n{body}\n\n{END}{after}"


def test_all_is_written_into_an_empty_folder():
    assert planned(TAGS) == Plan(
        written={
            "metier/Tags.md": marked("# Tags"),
            "index.md": marked("# Index"),
            "extra.css": (
                "/* keystead: generated from here on; write above, or below the end */\n\n"
                ".badge {}\n\n"
                "/* keystead: the end of what is generated */\n"
            ),
        },
        removed=(),
        warnings=(),
    )


def test_what_is_as_it_shall_be_is_left_alone():
    assert planned(TAGS, built(TAGS)).differing == ()


def test_only_what_differs_is_written():
    present = built(TAGS)

    assert planned(TAGS | {"index.md": "# New"}, present).differing == ("index.md",)


@given(st.text(), st.text())
def test_what_was_written_around_survives(before, after):
    present = built(TAGS) | {"index.md": marked("# Index", before, after)}

    assert planned(TAGS, present).differing == ()
    new = built(TAGS | {"index.md": "# New"}, present)
    assert new["index.md"] == marked("# New", before, after)


def test_what_was_written_inside_is_replaced():
    present = built(TAGS) | {"index.md": marked("# My own", "before\n")}

    assert planned(TAGS, present).written == {"index.md": marked("# Index", "before\n")}


@pytest.mark.parametrize(
    "text",
    [
        "# My own",
        "",
        f"{END}{BEGIN}",
        BEGIN,
        END,
        f"{BEGIN}{BEGIN}{END}",
        f"{BEGIN}{END}{END}",
        f"/* {BEGIN[5:-4]} *//* {END[5:-4]} */",
    ],
)
def test_a_page_without_whole_marks_is_in_the_way(text):
    with pytest.raises(InTheWayError, match=r"^The file index\.md is in the way: "):
        planned(TAGS, built(TAGS) | {"index.md": text})


def test_no_reference_is_begun_in_a_folder_with_a_purpose():
    with pytest.raises(InTheWayError, match=r"The folder holds no reference but thesis\.txt"):
        planned(TAGS, foreign=["thesis.txt"])
    with pytest.raises(
        InTheWayError, match=r"The folder holds no reference but metier/own\.md"
    ):
        planned(TAGS, {"metier/own.md": "# Own"})


def test_other_files_may_stay_beside_a_reference():
    present = built(TAGS) | {"metier/own.md": "# Own"}

    assert planned(TAGS, present, ["images"]).differing == ()


def test_the_page_of_a_namespace_that_is_gone_is_removed():
    present = built(TAGS | {"metier/Old.md": "# Old"})

    assert planned(TAGS, present) == Plan({}, ("metier/Old.md",), ())


def test_a_page_that_holds_more_stays_and_says_that_the_namespace_is_gone():
    present = built(TAGS) | {"metier/Old.md": marked("# Old", "My notes.\n")}
    found = planned(TAGS, present)

    assert found.written == {"metier/Old.md": marked("# Old\n\nGone.", "My notes.\n")}
    assert found.warnings == (
        "metier/Old.md is of a namespace that is gone; it stays for what is written in it",
    )
    again = planned(TAGS, present | found.written)
    assert again == Plan({}, (), found.warnings)


def test_a_namespace_that_is_back_has_its_page_again():
    kept = built(TAGS) | {"metier/Old.md": marked("# Old\n\nGone.", "My notes.\n")}

    assert built(TAGS | {"metier/Old.md": "# Old"}, kept)["metier/Old.md"] == marked(
        "# Old", "My notes.\n"
    )


def test_what_was_written_moves_with_the_page_into_the_other_section():
    present = built(TAGS) | {"metier/Tags.md": marked("# Tags", "My notes.\n")}
    moved = {"systeme/Tags.md" if "Tags" in path else path: TAGS[path] for path in TAGS}

    assert planned(moved, present) == Plan(
        {"systeme/Tags.md": marked("# Tags", "My notes.\n")}, ("metier/Tags.md",), ()
    )


def test_a_page_moves_without_what_nobody_wrote():
    moved = {"systeme/Tags.md" if "Tags" in path else path: TAGS[path] for path in TAGS}

    assert planned(moved, built(TAGS)).removed == ("metier/Tags.md",)
