"""Static files: bundled, minified, named by their contents and compressed ahead, once.

The style sheets become one file; the scripts that every page needs another, and htmx with the rest
a third, which the pages before signing in do without. So a first visit stays within five requests.
What only forms need is two more, which a page asks for if it holds one (`needed_by`).
`asset("css/portal.css")` gives the address, which may be cached for ever.
"""

import fcntl
import gzip
import hashlib
import json
import re
import shutil
import tempfile
from pathlib import Path

import brotli

ROOT = Path(__file__).resolve().parent.parent.parent / "static"
STYLES = ("css/tokens.css", "css/base.css", "css/components.css", "css/print.css")
STYLES_OF_FORMS = ("css/forms.css",)
HTMX = "vendor/htmx-4.0.1.min.js"
EVERYWHERE = ("js/ahead.js", "js/show-password.js", "js/ui.js")
OF_FORMS = ("js/calendar.js", "js/leaving.js", "js/lookup.js", "js/propose.js", "js/scan.js")
PREFIX = "/static/"
# What of a page is styled by css/forms.css, and what js/forms.js makes do something. Other steps of
# a wizard and other tabs of a record come to the page that is there.
STYLED = re.compile(r'class="(?:[^" ]* )*(?:look|cal|hours|steps|wiz|patient|ask|lots|vial|qr)[ "]')
SCRIPTED = ("data-lookup", "data-scan", "data-propose", "data-calendar", 'id="wizard"')
TYPED = r'select|textarea|input(?! type="hidden")'
FILLED_IN = re.compile(
    r'<form(?![^>]*(?:role="search"|data-again))[^>]*method="post"'
    rf"(?:[^<]|<(?!/form|{TYPED}))*<(?:{TYPED})"
)


def needed_by(html: str) -> list[str]:
    """The names of the files for forms that a page needs."""
    record = 'id="record"' in html
    found = {
        "css/forms.css": record or STYLED.search(html),
        "js/forms.js": record or any(one in html for one in SCRIPTED) or FILLED_IN.search(html),
    }
    return [name for name, there in found.items() if there]


def minified_css(text: str) -> str:
    """`text` without comments and needless white space."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r"\s*([{};,>])\s*", r"\1", text)
    text = re.sub(r":\s+", ":", text)
    return text.replace(";}", "}").strip()


def minified_script(text: str) -> str:
    """`text` without whole-line comments, indentation and empty lines (nothing cleverer)."""
    text = re.sub(r"(?m)^\s*/\*.*?\*/\s*$", "", text, flags=re.S)
    lines = (line.strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//"))


def bundles(root: Path = ROOT) -> dict[str, bytes]:
    """Every file that is served, by its plain name."""
    files: dict[str, bytes] = {}
    for name, those in {"css/portal.css": STYLES, "css/forms.css": STYLES_OF_FORMS}.items():
        files[name] = "".join(
            minified_css((root / one).read_text("utf-8")) for one in those
        ).encode()
    scripts = {
        path.relative_to(root).as_posix(): _apart(path)
        for path in sorted((root / "js").glob("*.js"))
    }
    apart = {"js/portal.js": EVERYWHERE, "js/forms.js": OF_FORMS}
    for name, those in apart.items():
        files[name] = "\n".join(scripts.pop(one) for one in those).encode()
    htmx = (root / HTMX).read_text("utf-8").strip().rstrip(";") + ";"
    files["js/htmx.js"] = "\n".join([htmx, *scripts.values()]).encode()
    for path in sorted(root.glob("*.*")):
        files[path.name] = path.read_bytes()
    return files


def _apart(path: Path) -> str:
    """A script that keeps its names to itself."""
    return f"(()=>{{{minified_script(path.read_text('utf-8'))}\n}})();"


def _stamp() -> str:
    """What tells the present sources from others."""
    sources = sorted(path for path in ROOT.rglob("*") if path.is_file())
    return hashlib.sha256(
        "".join(
            f"{path.relative_to(ROOT)}:{path.stat().st_mtime_ns}:{path.stat().st_size};"
            for path in sources
        ).encode()
        + Path(__file__).read_bytes()
    ).hexdigest()


class Assets:
    """The built files in `folder`, and their addresses."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.names: dict[str, str] = {}

    def url(self, name: str) -> str:
        """The address of the static file `name`. Raises KeyError for an unknown one."""
        return PREFIX + self.names[name]

    def build(self) -> "Assets":
        """Make the files if they are missing or older than their sources; quick otherwise. Of
        several processes that start at once, one makes them and the others wait."""
        stamp = _stamp()
        if self._are_of(stamp):
            return self
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with (self.folder.parent / ".assets.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not self._are_of(stamp):
                self._make(stamp)
        return self

    def _are_of(self, stamp: str) -> bool:
        """Whether the files are there and of these sources; their names are known then."""
        index = self.folder / "index.json"
        if not index.exists():
            return False
        known = json.loads(index.read_text("utf-8"))
        if known["stamp"] != stamp:
            return False
        self.names = known["names"]
        return True

    def _make(self, stamp: str) -> None:
        fresh = Path(tempfile.mkdtemp(dir=self.folder.parent, prefix=".assets-"))
        fresh.chmod(0o755)
        try:
            self._fill(fresh, stamp)
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise
        old = self.folder.with_name(self.folder.name + ".old")
        shutil.rmtree(old, ignore_errors=True)
        if self.folder.exists():
            self.folder.rename(old)
        fresh.rename(self.folder)
        shutil.rmtree(old, ignore_errors=True)

    def _fill(self, fresh: Path, stamp: str) -> None:
        for name, content in bundles().items():
            digest = hashlib.sha256(content).hexdigest()[:10]
            stem, _dot, ending = name.rpartition(".")
            self.names[name] = f"{stem}.{digest}.{ending}"
            path = fresh / self.names[name]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            if len(content) > 200 and ending in {"css", "js", "svg"}:
                path.with_name(path.name + ".br").write_bytes(brotli.compress(content, quality=11))
                path.with_name(path.name + ".gz").write_bytes(gzip.compress(content, 9, mtime=0))
        (fresh / "index.json").write_text(json.dumps({"stamp": stamp, "names": self.names}))
