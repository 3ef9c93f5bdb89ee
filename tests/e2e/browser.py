"""A headless Chromium, told what to do through the DevTools protocol over a pair of pipes: no port, no library.

    with Browser(folder) as browser:
        tab = browser.open(width=390, height=844, dark=True)
        tab.go("http://127.0.0.1:5001/")
        tab.wait_for("document.querySelectorAll('tbody tr').length > 0")
"""
import base64
import json
import os
import select
import shutil
import subprocess
import time

PATIENCE = 60  # seconds; a busy machine is no failure
FLAGS = ("--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions", "--hide-scrollbars",
         "--no-default-browser-check", "--password-store=basic", "--force-color-profile=srgb")
KEYS = {"Enter": 13, "Tab": 9, " ": 32, "Escape": 27}


def program():
    return os.environ.get("CHROMIUM") or shutil.which("chromium")


class Browser:
    """Ends with the block, by its own pid. `folder`: for its profile, and for what it writes on stderr."""

    def __init__(self, folder):
        self.folder = folder
        self.messages = b""
        self.answers = {}
        self.tabs = {}
        self.number = 0

    def __enter__(self):
        to_read, self.to = os.pipe()
        self.source, to_write = os.pipe()

        def pipes():  # the protocol's numbers: 3 to read from, 4 to write to
            kept = os.dup(to_read), os.dup(to_write)
            os.dup2(kept[0], 3)
            os.dup2(kept[1], 4)

        self.log = open(self.folder / "browser.log", "wb")
        self.process = subprocess.Popen(
            [program(), *FLAGS, f"--user-data-dir={self.folder / 'profile'}", "about:blank"], stdin=subprocess.DEVNULL,
            stdout=self.log, stderr=self.log, preexec_fn=pipes, pass_fds=(3, 4, to_read, to_write),
            env=os.environ | {"HOME": str(self.folder)})
        os.close(to_read)
        os.close(to_write)
        return self

    def __exit__(self, *_):
        try:
            self.call("Browser.close")
            self.process.wait(PATIENCE)
        except (AssertionError, OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        os.close(self.to)
        os.close(self.source)
        self.log.close()

    def call(self, method, session=None, **parameters):
        self.number += 1
        number = self.number
        message = {"id": number, "method": method, "params": parameters} | ({"sessionId": session} if session else {})
        os.write(self.to, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + PATIENCE
        while number not in self.answers:
            self.listen(deadline)
        answer = self.answers.pop(number)
        if "error" in answer:
            raise AssertionError(f"{method}: {answer['error']}")
        return answer["result"]

    def listen(self, deadline):
        """Takes what has come, waiting for something."""
        if not select.select([self.source], [], [], max(0.0, deadline - time.monotonic()))[0]:
            raise AssertionError("the browser does not answer")
        got = os.read(self.source, 1 << 20)
        if not got:
            raise AssertionError(f"the browser has ended; see {self.log.name}: " + (self.folder / "browser.log").read_text()[-2000:])
        self.messages += got
        *whole, self.messages = self.messages.split(b"\0")
        for text in whole:
            message = json.loads(text)
            if "id" in message:
                self.answers[message["id"]] = message
            elif message.get("sessionId") in self.tabs:
                self.tabs[message["sessionId"]].take(message["method"], message["params"])

    def open(self, width, height, dark):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        tab = Tab(self, session, target)
        self.tabs[session] = tab
        for domain in ("Page", "Runtime", "Log", "Network", "Accessibility"):
            tab.call(f"{domain}.enable")
        tab.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 700)
        tab.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        return tab


class Tab:
    """One page; remembers what went wrong in it and what it asked the network for."""

    def __init__(self, browser, session, target):
        self.browser = browser
        self.session = session
        self.target = target
        self.errors = []
        self.requests = []

    def call(self, method, **parameters):
        return self.browser.call(method, session=self.session, **parameters)

    def take(self, method, about):
        if method == "Runtime.exceptionThrown":
            self.errors.append(about["exceptionDetails"].get("exception", {}).get("description", str(about)))
        elif method == "Runtime.consoleAPICalled" and about["type"] in ("error", "warning", "assert"):
            self.errors.append(str(about["args"]))
        elif method == "Log.entryAdded" and about["entry"]["level"] in ("error", "warning"):
            self.errors.append(f"{about['entry']['text']} {about['entry'].get('url', '')}")
        elif method == "Network.requestWillBeSent":
            self.requests.append(about["request"]["url"])

    def go(self, url):
        self.call("Page.navigate", url=url)
        self.wait_for(f"location.href === {json.dumps(url)} && document.readyState === 'complete'")

    def value(self, expression):
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise AssertionError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def wait_for(self, condition, patience=PATIENCE):
        deadline = time.monotonic() + patience
        while not self.value(f"Boolean({condition})"):
            if time.monotonic() > deadline:
                raise AssertionError(f"waited in vain for {condition}; errors: {self.errors}; says: {self.text('#say')}")
            time.sleep(0.02)

    def text(self, selector):
        return self.value(f"document.querySelector({json.dumps(selector)})?.textContent ?? ''")

    def texts(self, selector):
        return self.value(f"[...document.querySelectorAll({json.dumps(selector)})].map((e) => e.textContent)")

    def type(self, text):
        self.call("Input.insertText", text=text)

    def press(self, key, shift=False):
        about = {"key": key, "code": "Space" if key == " " else key, "windowsVirtualKeyCode": KEYS[key], "modifiers": 8 if shift else 0}
        text = {"Enter": "\r", " ": " "}.get(key)
        self.call("Input.dispatchKeyEvent", type="keyDown", **about, **({"text": text} if text else {}))
        self.call("Input.dispatchKeyEvent", type="keyUp", **about)

    def focused(self):
        """What has the focus, in words."""
        return self.value("(document.activeElement.labels?.[0] ?? document.activeElement).textContent.trim()")

    def names(self, *roles):
        """What a screen reader calls everything of these roles."""
        nodes = self.call("Accessibility.getFullAXTree")["nodes"]
        return [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes
                if not node.get("ignored") and node.get("role", {}).get("value") in roles]

    def picture(self, path):
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        path.write_bytes(base64.b64decode(shot["data"]))

    def close(self):
        self.browser.call("Target.closeTarget", targetId=self.target)
        del self.browser.tabs[self.session]
