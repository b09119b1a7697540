"""Files are complete under their final name, or not there."""

import pytest

from chainrule.runtime.files import atomic_write


def test_nothing_is_there_before_the_end(tmp_path) -> None:
    target = tmp_path / "new" / "report.json"
    with atomic_write(target) as temporary:
        temporary.write_text("{}")
        assert not target.exists()
        assert temporary.parent == target.parent
        assert temporary.suffix == ".json"
    assert [path.name for path in target.parent.iterdir()] == ["report.json"]


def test_a_failure_leaves_the_old_file_and_no_other(tmp_path) -> None:
    target = tmp_path / "report.txt"
    target.write_text("old")

    def fail() -> None:
        with atomic_write(target) as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_writer_that_writes_nothing_is_an_error(tmp_path) -> None:
    with pytest.raises(FileNotFoundError), atomic_write(tmp_path / "nothing"):
        pass
    assert list(tmp_path.iterdir()) == []
