"""The shipped themes, user themes and errors in theme files."""

from __future__ import annotations

import math
import os
from itertools import combinations
from pathlib import Path

import pytest
from textual.app import App
from textual.color import Color
from textual.style import Style
from textual.theme import BUILTIN_THEMES, Theme

from ecrtui import paths
from ecrtui.errors import SettingsError
from ecrtui.tui import themes

SHIPPED = {theme.name: theme for theme in themes.load_themes(Path("/nowhere")).themes}
TEXTS = (*(name for name in themes.OWN_VARIABLES if name != "separator"), "text-muted")
SEVERITIES = tuple(f"severity-{name}" for name in ("critical", "high", "medium", "low"))
IN_COLOR = sorted(name for name, theme in SHIPPED.items() if not theme.ansi)
GROUNDS = ("background", "surface", "panel")

GOOD = """\
# mine
name = "mine"
primary = "#336699"

[variables]
tag = "#00ff00"
"""


def contrast(theme: Theme, text: str, ground: str) -> float:
    """Return the WCAG 2.2 contrast ratio between two variables of a theme."""
    values = themes.css_variables(theme)
    low, high = sorted(luminance(Color.parse(values[name])) for name in (text, ground))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: Color) -> float:
    red, green, blue = (
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4 for channel in colour.normalized
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def seen(colour: Color, matrix: tuple[tuple[float, ...], ...]) -> tuple[float, ...]:
    """Return a color as CIE Lab as seen without one kind of cone (Machado, Oliveira, Fernandes 2009, severity 1)."""
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in colour.normalized]
    red, green, blue = (
        min(max(sum(factor * value for factor, value in zip(row, linear, strict=True)), 0.0), 1.0) for row in matrix
    )
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089
    fx, fy, fz = (v ** (1 / 3) if v > 0.008856 else 7.787 * v + 16 / 116 for v in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


DEUTERANOPIA = ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881))
PROTANOPIA = ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998))


def test_the_promised_themes_are_shipped() -> None:
    assert {"ecrtui-dark", "ecrtui-light", "ecrtui-colourblind", "ecrtui-contrast", "ecrtui-16"} <= SHIPPED.keys()
    assert not themes.load_themes(Path("/nowhere")).problems


@pytest.mark.parametrize("name", ["ecrtui-dark", "ecrtui-light", "ecrtui-colourblind"])
def test_text_has_enough_contrast_on_every_background(name: str) -> None:
    """4.5:1, WCAG 2.2, success criterion 1.4.3 (AA)."""
    weak = {
        (text, ground): round(contrast(SHIPPED[name], text, ground), 2)
        for text in ("foreground", *TEXTS)
        for ground in GROUNDS
        if contrast(SHIPPED[name], text, ground) < 4.5
    }
    assert not weak
    assert contrast(SHIPPED[name], "block-cursor-foreground", "block-cursor-background") >= 4.5


@pytest.mark.parametrize("name", IN_COLOR)
def test_muted_text_is_weaker_than_other_text_in_a_content(name: str) -> None:
    values = themes.css_variables(SHIPPED[name])
    muted = Style.parse("$text-muted", values)
    assert muted.foreground == Color.parse(values["text-muted"])
    assert contrast(SHIPPED[name], "text-muted", "surface") < contrast(SHIPPED[name], "foreground", "surface")


def test_textual_still_drops_the_percentage_of_an_auto_color() -> None:
    """A canary: when this fails, ``themes._muted`` can go."""
    base = Style(background=Color.parse("#000000"), foreground=Color.parse("#cccccc"))
    muted = base + Style.parse("$muted", {"muted": "auto 60%"})
    assert muted.rich_style.color == Color.parse("#ffffff").rich_color


def test_the_contrast_theme_has_a_ratio_of_seven_to_one() -> None:
    """WCAG 2.2, success criterion 1.4.6 (AAA)."""
    theme = SHIPPED["ecrtui-contrast"]
    texts = ("foreground", "text", "text-muted", "text-disabled", *TEXTS)
    texts += ("primary", "secondary", "accent", "warning", "error", "success")
    weak = {(text, ground) for text in texts for ground in GROUNDS if contrast(theme, text, ground) < 7}
    assert not weak
    for cursor in ("block-cursor", "block-cursor-blurred"):
        assert contrast(theme, f"{cursor}-foreground", f"{cursor}-background") >= 7
    assert contrast(theme, "footer-foreground", "footer-background") >= 7


NORMAL = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
VISIONS = {"normal": NORMAL, "deuteranopia": DEUTERANOPIA, "protanopia": PROTANOPIA}


def distance(theme: Theme, one: str, other: str, vision: str) -> float:
    """Return the distance of two colors of a theme in CIE Lab, as a kind of vision sees them."""
    values = themes.css_variables(theme)
    first, second = (seen(Color.parse(values[name]), VISIONS[vision]) for name in (one, other))
    return math.dist(first, second)


@pytest.mark.parametrize("name", IN_COLOR)
def test_lines_and_the_cursor_stand_out(name: str) -> None:
    """3:1, WCAG 2.2, success criterion 1.4.11, for what is the only sign. A row also has the sign of the cursor."""
    theme = SHIPPED[name]
    wanted = {
        **{(line, ground): 3.0 for line in ("separator", "primary") for ground in ("background", "surface")},
        **{(f"scrollbar{state}", "scrollbar-background"): 3.0 for state in ("", "-hover", "-active")},
        ("separator", "panel"): 3.0,
        ("background", "error"): 4.5,
        ("block-cursor-blurred-background", "surface"): 1.9,
        ("block-cursor-blurred-foreground", "block-cursor-blurred-background"): 4.5,
    }
    found = {pair: contrast(theme, *pair) for pair in wanted}
    assert {pair: ratio for pair, ratio in found.items() if ratio < wanted[pair]} == {}


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("name", IN_COLOR)
def test_colors_with_a_meaning_differ(name: str, vision: str) -> None:
    """A distance of 7.5 can be told at a glance; of 2.3, only side by side."""
    theme = SHIPPED[name]
    groups = [SEVERITIES, ("match", "row-marked", "severity-high")]
    close = {
        pair: distance(theme, *pair, vision)
        for group in groups
        for pair in combinations(group, 2)
        if distance(theme, *pair, vision) < 7.5
    }
    assert not close


@pytest.mark.parametrize("vision", ["deuteranopia", "protanopia"])
def test_colors_differ_for_color_blind_users(vision: str) -> None:
    theme = SHIPPED["ecrtui-colourblind"]
    groups = [
        ["severity-critical", "severity-medium", "severity-low", "severity-informational"],
        ["error", "success", "accent"],
        ["tag", "protected"],
    ]
    for one, other in (pair for group in groups for pair in combinations(group, 2)):
        assert distance(theme, one, other, vision) > 20, (one, other)


@pytest.mark.parametrize("theme", [*BUILTIN_THEMES.values(), *SHIPPED.values()], ids=lambda theme: theme.name)
def test_without_color_the_worst_severity_stands_out_most(theme: Theme) -> None:
    gray = themes.without_color(theme)
    if theme.ansi:
        assert gray == theme
        return
    values = themes.css_variables(gray)
    ratios = [contrast(gray, name, "surface") for name in SEVERITIES]
    assert ratios == sorted(ratios, reverse=True)
    assert len(set(ratios)) == len(ratios)
    assert all(values[name].startswith("#") for name in SEVERITIES)


def test_the_text_cursor_of_the_16_color_theme_is_visible() -> None:
    values = SHIPPED["ecrtui-16"].variables
    assert "reverse" not in values["input-cursor-text-style"]
    assert values["input-cursor-background"] != values["input-cursor-foreground"]
    assert values["input-cursor-background"] not in ("ansi_black", "ansi_default")
    assert len({values[name] for name in ("match", "row-marked", "severity-high")}) == 3


def test_the_16_color_theme_uses_only_terminal_colors() -> None:
    theme = SHIPPED["ecrtui-16"]
    assert theme.ansi
    named = [theme.primary, theme.secondary, theme.accent, theme.warning, theme.error, theme.success]
    named += [theme.foreground, theme.background, theme.surface, theme.panel]
    named += [value for name, value in theme.variables.items() if "style" not in name]
    assert all(colour and colour.startswith("ansi_") for colour in named)


@pytest.mark.parametrize("theme", [*BUILTIN_THEMES.values(), *SHIPPED.values()], ids=lambda theme: theme.name)
def test_every_theme_defines_our_variables(theme: Theme) -> None:
    variables = themes.css_variables(theme)
    for value in map(variables.__getitem__, themes.OWN_VARIABLES):
        assert value.startswith("auto ") or Color.parse(value.partition(" ")[0])


async def test_every_shipped_theme_can_be_applied() -> None:
    class Host(App[None]):
        CSS = "Screen { color: $tag; background: $surface; border: round $severity-critical; }"

        def get_css_variables(self) -> dict[str, str]:
            self.theme_variables = themes.css_variables(self.current_theme)
            return self.theme_variables

    app = Host()
    async with app.run_test() as pilot:
        for theme in SHIPPED.values():
            app.register_theme(theme)
            app.theme = theme.name
            await pilot.pause()
            assert app.theme_variables["tag"] == theme.variables["tag"]


def test_a_user_theme_is_found_in_the_configuration_folder(own_home: Path) -> None:
    folder = paths.themes_folder()
    folder.mkdir(parents=True)
    (folder / "mine.toml").write_text(GOOD)
    (folder / "notes.txt").write_text("no theme")
    found = themes.load_themes()
    assert not found.problems
    assert [theme.name for theme in found.themes][-1] == "mine"
    assert found.themes[-1].variables == {"tag": "#00ff00"}


def test_a_user_theme_replaces_a_shipped_theme(tmp_path: Path) -> None:
    (tmp_path / "dark.toml").write_text(GOOD.replace("mine", "ecrtui-dark"))
    found = themes.load_themes(tmp_path)
    [theme] = [theme for theme in found.themes if theme.name == "ecrtui-dark"]
    assert theme.primary == "#336699"


@pytest.mark.parametrize(
    ("wrong", "line", "words"),
    [
        (GOOD.replace('"#336699"', '"#33669"'), 3, "primary is not a color: '#33669'"),
        (GOOD.replace('"#336699"', '"bleu"'), 3, "primary is not a color: 'bleu'; did you mean blue?"),
        (GOOD.replace('"#336699"', "17"), 3, "primary must be a color"),
        (GOOD.replace("primary", "primry"), 3, "unknown field primry; did you mean primary?"),
        (GOOD.replace('primary = "#336699"\n', ""), 1, "primary is missing"),
        (GOOD.replace('"mine"', '""'), 2, "name must be a string"),
        (GOOD.replace("tag =", "tga ="), 6, "unknown variable tga; did you mean tag?"),
        (GOOD.replace('"#00ff00"', '"greem"'), 6, "tag is not a color: 'greem'; did you mean green?"),
        (GOOD.replace('"#00ff00"', '"green half"'), 6, "tag: 'half' is not an opacity; write it as 60%"),
        (GOOD.replace('"#00ff00"', "[1]"), 6, "tag must be a string"),
        (GOOD + 'block-cursor-text-style = "bald"\n', 7, "block-cursor-text-style is not a text style: 'bald'"),
        (GOOD.replace("[variables]", "[variabels]"), 5, "unknown field variabels; did you mean variables?"),
        (GOOD.replace("# mine", "dark = 1"), 1, "dark must be true or false"),
        (GOOD.replace("# mine", "text-alpha = 7"), 1, "text_alpha must be a number from 0 to 1"),
        (GOOD.replace("# mine", "luminosity-spread = true"), 1, "luminosity_spread must be a number from 0 to 1"),
        (GOOD.replace('"#336699"', "#336699"), 3, "Invalid value"),
        (GOOD.replace("[variables]\ntag", "variables.tag").replace("#00ff00", "x"), 5, "tag is not a color: 'x'"),
        (GOOD.replace("[variables]\ntag = ", "variables = 3 #"), 5, "variables must be a table: [variables]"),
    ],
)
def test_an_invalid_theme_is_reported_with_file_and_line(tmp_path: Path, wrong: str, line: int, words: str) -> None:
    file = tmp_path / "broken.toml"
    file.write_text(wrong)
    with pytest.raises(SettingsError) as problem:
        themes.read_theme(file)
    assert str(file) in problem.value.title
    assert problem.value.detail == f"line {line}: {words}"


def test_a_theme_that_is_not_utf_8_is_reported_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "broken.toml"
    file.write_bytes(GOOD.encode() + b"\xff")
    with pytest.raises(SettingsError, match="line 7: Byte 0xff is not UTF-8"):
        themes.read_theme(file)


def test_invalid_themes_are_reported_together_and_others_load(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(GOOD)
    (tmp_path / "b.toml").write_text(GOOD.replace("primary", "primry"))
    (tmp_path / "c.toml").write_text("name =")
    (tmp_path / "d.toml").write_text(GOOD)
    (tmp_path / "e.toml").mkdir()
    os.mkfifo(tmp_path / "f.toml")
    (tmp_path / "g.toml").symlink_to("nowhere")
    found = themes.load_themes(tmp_path)
    assert {theme.name for theme in found.themes} == {*SHIPPED, "mine"}
    lines = found.report.splitlines()
    assert len(lines) == len(found.problems) == 6
    for name, line in zip(("b.toml", "c.toml", "d.toml", "e.toml", "f.toml", "g.toml"), lines, strict=True):
        assert f"{tmp_path / name}" in line
    assert "line 3" in lines[0]
    assert "line 1" in lines[1]
    assert "a.toml" in lines[2]
