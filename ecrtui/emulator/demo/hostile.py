"""Hostile registry text: markup, escape sequences and very long text. No screen may interpret it."""

from __future__ import annotations

MARKUP = (
    "[/] [bold red]not bold[/bold red] [@click=app.quit]do not click[/] [[ \\[ [link=file:///etc/passwd]link[/link]"
)
ESCAPES = (
    "\x1b]0;the title of your terminal\x07 \x1b[2J\x1b[H\x1b[31mnot red\x1b[0m"
    " \x1b]52;c;bm90IHlvdXIgY2xpcGJvYXJk\x07 \x1bc \x1b]8;;http://192.0.2.1\x1b\\link\x1b]8;;\x1b\\"
)
C1 = "\x9b31mnot red\x9b0m \x9d0;a title\x9c \x90q\x9c \x85next line"
CONTROLS = "tab\there, line\nfeed, return\r\nbackspace\b\b\b, bell\a, null\x00, delete\x7f"
BIDI = "\u202egnp.elpmaxe\u202c \u202aleft\u2066isolated\u2069\u202c \u200fmark \u061c"
INVISIBLE = "zero\u200bwidth\u200cjoiners\u200d \ufeffmark \u2060word soft\xadhyphen"
WIDE = "👩\u200d👩\u200d👧\u200d👦 family 🏳️\u200d🌈 flag 🇪🇺 漢字 ﷽ e\u0301\u0302\u0303\u0304\u0305 ｆｕｌｌ"
ZALGO = "Z" + "\u0334\u0335\u0336\u0337\u0338\u0341\u0342" * 8
SEPARATORS = "line\u2028separator paragraph\u2029separator"
LONG = "0123456789" * 1000
PATHS = "../../../etc/passwd; rm -rf / `id` $(id) %s %n {0} '\" <script>alert(1)</script>"

TEXTS = {
    "org.example.markup": MARKUP,
    "org.example.escapes": ESCAPES,
    "org.example.c1": C1,
    "org.example.controls": CONTROLS,
    "org.example.bidi": BIDI,
    "org.example.invisible": INVISIBLE,
    "org.example.wide": WIDE,
    "org.example.zalgo": ZALGO,
    "org.example.separators": SEPARATORS,
    "org.example.long": LONG,
    "org.example.shell": PATHS,
    "": "a name that is empty",
    "[/]\x1b[31m\u202ename": "a name that is hostile too",
}
"""Hostile annotations and labels, by name."""

RESOURCE_TAGS = {
    "owner": "[/][@click=app.quit]quit[/] \x1b]0;title\x07 \x9b31m \u202edesrever\u202c zero\u200bwidth 👩\u200d👧",
    "[bold]\x1b[2J\u202ekey": "the key is hostile",
}
"""Hostile AWS resource tags. ECR accepts 256 characters per value."""

TAGS = ("a" * 128, "_", "__init__", "1.0.0-rc.1--x_y.z", "0", "latest.sig")
"""Unusual tags that the grammar allows."""
