"""What the bench takes out of a package that it fetched."""

import io
import tarfile
from pathlib import Path

from bench.store import take_out


def test_an_archive_s_files_are_taken_out_and_none_lands_outside_the_folder(tmp_path: Path):
    target, packed = tmp_path / "target", tmp_path / "packed.tgz"
    target.mkdir()
    with tarfile.open(packed, "w:gz") as archive:
        for name in ("package/install.sh", "../elsewhere"):
            member = tarfile.TarInfo(name)
            member.size = 4
            archive.addfile(member, io.BytesIO(b"text"))
    with tarfile.open(packed) as archive:
        take_out(archive, target)
    assert (target / "package" / "install.sh").read_bytes() == b"text"
    assert not (tmp_path / "elsewhere").exists()
