# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Mounts in their three spellings."""

from __future__ import annotations

import pytest
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import InvalidInput, Unsupported
from ansible_collections.pycontainer.engine.plugins.module_utils.engine.formats import mounts


def row(kind: str, source: str, target: str, *options: str) -> dict:
    """A canonical row."""
    return {"type": kind, "source": source, "target": target, "options": list(options)}


SAME = [
    (row("bind", "/etc", "/e", "ro"),
     ["/etc:/e:ro", "/etc/:/e/:ro,rbind", "/etc/../etc:/e:rprivate,ro"],
     ["type=bind,source=/etc,target=/e,ro", "type=bind,src=/etc,dst=/e,readonly=true",
      {"type": "bind", "source": "/etc", "destination": "/e", "options": ["ro"]}]),
    (row("volume", "data", "/d"), ["data:/d", "data:/d:rw,copy"], ["source=data,target=/d",
                                                                   "type=volume,src=data,dst=/d,rw"]),
    (row("volume", "data", "/d", "U", "Z", "nocopy"), ["data:/d:Z,U,nocopy"],
     ["type=volume,source=data,target=/d,U=true,relabel=private,nocopy"]),
    (row("volume", "", "/d"), ["/d"], ["target=/d"]),
    (row("bind", "/a", "/b", "bind", "rslave"), ["/a:/b:rslave,bind"],
     ["type=bind,source=/a,target=/b,bind-propagation=rslave,bind-nonrecursive"]),
    (row("image", "busybox", "/i"), [], ["type=image,source=busybox,target=/i",
                                         "type=image,source=busybox,target=/i,ro"]),
]


@pytest.mark.parametrize("wanted, volumes, spelled", SAME, ids=lambda v: v["target"] if isinstance(v, dict) else "")
def test_one_wish_is_one_row(wanted: dict, volumes: list, spelled: list) -> None:
    for word in volumes:
        assert mounts.volumes(word) == [wanted], word
    for word in spelled:
        assert mounts.mounts(word) == [wanted], word


def test_tmpfs_in_both_spellings() -> None:
    wanted = [row("tmpfs", "", "/t", "mode=1777", "noexec", "size=10485760")]
    assert mounts.tmpfs({"/t": "size=10m,mode=1777,noexec"}) == wanted
    assert mounts.tmpfs(["/t:noexec,rw,mode=1777,size=10240k"]) == wanted
    assert mounts.mounts(["type=tmpfs,target=/t,tmpfs-size=10m,tmpfs-mode=1777,noexec"]) == wanted
    assert mounts.tmpfs({"/t": "tmpcopyup,rw"}) == mounts.tmpfs("/t") == [row("tmpfs", "", "/t")]
    assert mounts.tmpfs({"/t": "notmpcopyup"}) == mounts.mounts("type=tmpfs,target=/t,notmpcopyup") == [
        row("tmpfs", "", "/t", "notmpcopyup")]
    assert mounts.tmpfs({"/t": "size=50%"}) == [row("tmpfs", "", "/t", "size=50%")]


def test_rows_are_sorted_by_target_and_doubles_refused() -> None:
    found = mounts.rows(mounts.volumes(["b:/b", "a:/a", "b:/b"]))
    assert [r["target"] for r in found] == ["/a", "/b"]
    with pytest.raises(InvalidInput, match="/a"):
        mounts.rows(mounts.volumes(["a:/a", "b:/a"]))


@pytest.mark.parametrize("word", [
    "", ":", "a:", ":/a", "a:b", "a:/b:ro:more", "a:/", "a:/../b", "/a:/b:purple", "/a:/b:ro,rw", "/a:/b:z,Z",
    "./a:/b", "sp ace:/b", "-a:/b", "/a:/b:size=3", "a:/b\n",
    "/a:/b:nocopy", "/a:/b:tmpcopyup", "a:/b:notmpcopyup"])
def test_wrong_volumes(word: str) -> None:
    with pytest.raises(InvalidInput):
        assert mounts.rows(mounts.volumes([word])) is None


@pytest.mark.parametrize("word", [
    "type=bind,target=/a", "type=bind,source=relative,target=/a", "type=moon,target=/a",
    "type=tmpfs,source=x,target=/a",
    "type=tmpfs,target=/t,nocopy", "type=tmpfs,target=/t,tmpcopyup,notmpcopyup",
    "type=image,source=i,target=/i,rw", "type=image,source=i,target=/i,U", "type=image,source=i,target=/i,noexec",
    "type=image,target=/i", "type=volume", "source=a,target=/a,colour=red", "type=tmpfs,target=/t,mode=9"])
def test_wrong_mounts(word: str) -> None:
    with pytest.raises(InvalidInput):
        mounts.mounts(word)


@pytest.mark.parametrize("word", ["/a:/b:O", "/a:/b:idmap"])
def test_what_is_not_built_says_so(word: str) -> None:
    with pytest.raises(Unsupported):
        mounts.volumes(word)
