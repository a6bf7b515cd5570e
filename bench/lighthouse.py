"""Lighthouse's mobile scores of sign-in, list, record and form, as a signed-in location manager.

    (cd bench && npm ci) && python -m bench.lighthouse [--runs 3]

Lighthouse runs with its defaults: an emulated phone on simulated slow 4G.
"""

import argparse
import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from bench.serving import CHROMIUM, chromium, median, practice_instance, serving
from bench.weight import LIST, enter, fresh, stock

TOOL = Path(__file__).resolve().parent / "node_modules" / ".bin" / "lighthouse"
CATEGORIES = ("performance", "accessibility", "best-practices")
FIGURES = ("first-contentful-paint", "largest-contentful-paint", "total-blocking-time")
PAGES = {
    "Sign In": "/sign-in",
    "List": LIST,
    "Record": "/shipments/52",
    "Form": "/vaccine-inventory/add?shipment=52",
}


def cookie_of(address: str) -> str:
    """The cookie header of a signed-in manager; enough shipments for several pages are there."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM)
        stock(fresh(browser, address)[0])
        page, _meter = fresh(browser, address)
        page.goto("/sign-in")
        enter(page)
        cookies = page.context.cookies()
        browser.close()
    return "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in cookies)


def audit(url: str, cookie: str, attempts: int = 4) -> dict[str, Any]:
    """Lighthouse's report on one page. (Now and then it misses the beginning of a load.)"""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "report.json"
        headers = Path(folder) / "headers.json"
        headers.write_text(json.dumps({"Cookie": cookie} if cookie else {}))
        done = subprocess.run(
            [
                *(str(TOOL), url, "--quiet", "--output=json", f"--output-path={target}"),
                f"--only-categories={','.join(CATEGORIES)}",
                f"--extra-headers={headers}",
                f"--chrome-flags=--headless=new {' '.join(CHROMIUM)}",
            ],
            env=os.environ | {"CHROME_PATH": chromium()},
            check=attempts == 1,
            stderr=subprocess.DEVNULL,
            timeout=180,
        )
        if done.returncode:
            return audit(url, cookie, attempts - 1)
        report: dict[str, Any] = json.loads(target.read_text())
    return report


def failed(report: dict[str, Any]) -> list[str]:
    """The audits that cost points."""
    found = []
    for category in CATEGORIES:
        for item in report["categories"][category]["auditRefs"]:
            score = report["audits"][item["id"]]["score"]
            if item["weight"] and score is not None and score < 0.9:
                found.append(item["id"])
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    if not TOOL.exists():
        raise SystemExit("Lighthouse is not installed: (cd bench && npm ci)")
    with practice_instance() as instance, serving(instance) as (address, _pid, _took):
        cookie = cookie_of(address)
        for title, path in PAGES.items():
            reports = [
                audit(address + path, "" if path == "/sign-in" else cookie)
                for _run in range(options.runs)
            ]
            scores = " / ".join(
                f"{median(each['categories'][name]['score'] * 100 for each in reports):.0f}"
                for name in CATEGORIES
            )
            times = ", ".join(
                f"{name} {median(each['audits'][name]['numericValue'] for each in reports):.0f} ms"
                for name in FIGURES
            )
            shown = reports[0]["finalDisplayedUrl"].removeprefix(address)
            print(f"{title:8} {scores}   {times}   {shown} {failed(reports[0])}", flush=True)


if __name__ == "__main__":
    main()
