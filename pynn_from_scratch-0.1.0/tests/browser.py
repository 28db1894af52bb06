"""A JupyterLab of one's own, and a Chromium that looks at it: the fixtures of test_browser.py."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

import pynn

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None)


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """The address of a JupyterLab that has a copy of the notebooks."""
    folder = tmp_path_factory.mktemp("lab")
    shutil.copytree(ROOT / "notebooks", folder / "notebooks")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {"JUPYTER_CONFIG_DIR": folder / "config", "JUPYTER_DATA_DIR": folder / "data", "JUPYTER_RUNTIME_DIR": folder / "runtime",
                "JUPYTERLAB_SETTINGS_DIR": folder / "settings", "JUPYTERLAB_WORKSPACES_DIR": folder / "workspaces",
                "IPYTHONDIR": folder / "ipython", "PYTHONPATH": Path(pynn.__file__).parents[1]}
    arguments = ["--no-browser", "--allow-root", f"--ServerApp.port={port}", "--ServerApp.ip=127.0.0.1", "--IdentityProvider.token=",
                 "--PasswordIdentityProvider.hashed_password=", f"--ServerApp.root_dir={folder / 'notebooks'}",
                 "--LabApp.expose_app_in_browser=True"]
    quiet = folder / "settings" / "@jupyterlab" / "apputils-extension"
    quiet.mkdir(parents=True)
    (quiet / "notification.jupyterlab-settings").write_text('{"fetchNews": "false"}')
    with open(folder / "log", "w") as log:
        server = subprocess.Popen([sys.executable, "-m", "jupyterlab", *arguments], stdout=log, stderr=log,
                                  env={**os.environ, **{name: str(value) for name, value in settings.items()}})
        address = f"http://127.0.0.1:{port}"
        try:
            _wait_for(f"{address}/api", folder / "log", server)
            yield address
        finally:
            server.terminate()
            server.wait(30)


def _wait_for(address, log, server):
    end = time.monotonic() + 180
    while time.monotonic() < end and server.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except OSError:
            time.sleep(0.3)
    pytest.fail("JupyterLab did not start:\n" + log.read_text()[-2000:])


@pytest.fixture(scope="session")
def chromium():
    """A browser without a window."""
    from playwright.sync_api import sync_playwright
    if CHROMIUM is None:
        pytest.fail("there is no chromium; sudo apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


class Page:
    """A notebook in JupyterLab, all of whose cells have run."""

    def __init__(self, page, lab, name):
        self.page = page
        self.errors = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.set_default_timeout(120_000)       # a busy machine is slow to open a notebook
        page.goto(f"{lab}/lab/tree/{name}?reset")
        page.wait_for_function("window.jupyterapp?.shell.currentWidget?.context?.isReady")
        page.wait_for_function("window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.connectionStatus === 'connected'")
        self.command("application:toggle-left-area")
        self.command("notebook:run-all-cells")
        page.wait_for_function(_ALL_RAN, timeout=300_000)

    def command(self, name, **arguments):
        """Run a command of JupyterLab."""
        self.page.evaluate("([name, args]) => { window.jupyterapp.commands.execute(name, args); }", [name, arguments])

    def widget(self, number):
        """One of the widgets, from the top."""
        widget = self.page.locator(".jp-OutputArea .pynn").nth(number)
        widget.scroll_into_view_if_needed()
        return widget

    def python(self, code):
        """What the kernel prints for some code."""
        return self.page.evaluate(_EXECUTE, code)


_ALL_RAN = """() => {
    const cells = window.jupyterapp.shell.currentWidget.content.widgets.filter((cell) => cell.model.type === 'code');
    return cells.every((cell) => cell.model.executionState === 'idle' && cell.model.executionCount > 0);
}"""

_EXECUTE = """async (code) => {
    let said = '';
    const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    const future = kernel.requestExecute({ code });
    future.onIOPub = (message) => {
        if (message.header.msg_type === 'stream') said += message.content.text;
        if (message.header.msg_type === 'error') said += message.content.ename + ': ' + message.content.evalue;
    };
    await future.done;
    return said.trim();
}"""
