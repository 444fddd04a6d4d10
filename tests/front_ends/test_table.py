"""The table of the manual beside what each front end has to show."""

from tests.front_ends.programs import CHEAP, HEAVY, TABLE


def test_table() -> None:
    """The manual has a row for each front end, with what has to be seen in each, or why it was not."""
    rows = [line.strip("| ").split(" | ") for line in TABLE.read_text().splitlines() if line.startswith("| ")]
    programs = (*CHEAP, *HEAVY)
    assert [program.title for program in programs] == [row[0] for row in rows[1:]]
    for program, (_, _, _, *seen) in zip(programs, rows[1:], strict=True):
        for expected, one in zip(program.expected, seen, strict=True):
            assert one == expected or one.startswith("not seen: its "), (program.title, one)
