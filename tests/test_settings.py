from __future__ import annotations

import os
from pathlib import Path

import pytest

from ecrtui.errors import SettingsError
from ecrtui.settings import PROTECTED_TAGS, Settings, load, remember_theme


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "settings.toml"


def given(file: Path, text: str) -> Path:
    file.write_text(text, "utf-8")
    return file


def test_without_a_file_everything_is_at_its_default(file):
    assert load({}, {}, file) == Settings()
    assert load({}, {}, file).protected_tags == PROTECTED_TAGS


def test_a_flag_wins_over_a_variable_and_a_variable_over_the_file_and_each_value_knows_where_it_came_from(file):
    given(file, 'theme = "from-file"\nwrites_per_second = 5\nread_only = true\nprotected_tags = ["live*"]\n')
    environment = {"ECRTUI_THEME": "from-variable", "ECRTUI_WRITES_PER_SECOND": "2.5"}
    settings = load({"theme": "from-flag", "read_only": None}, environment, file)
    assert (settings.theme, settings.writes_per_second, settings.read_only) == ("from-flag", 2.5, True)
    assert settings.protected_tags == ("live*",)
    assert settings.sources == {
        "theme": "--theme",
        "writes_per_second": "$ECRTUI_WRITES_PER_SECOND",
        "read_only": str(file),
        "protected_tags": str(file),
    }


def test_the_users_own_file_is_read_unless_a_variable_names_another(file, own_home, monkeypatch):
    mine = own_home / ".config" / "ecrtui" / "settings.toml"
    mine.parent.mkdir(parents=True)
    given(mine, 'theme = "mine"\n')
    assert load({}, {}).theme == "mine"
    assert load({}, {"ECRTUI_SETTINGS": str(given(file, 'theme = "other"\n'))}).theme == "other"


@pytest.mark.parametrize(
    ("text", "value"), [("1", True), ("true", True), ("Yes", True), ("0", False), ("off", False), ("FALSE", False)]
)
def test_a_switch_in_a_variable(file, text, value):
    given(file, f"read_only = {str(not value).lower()}\n")
    assert load({}, {"ECRTUI_READ_ONLY": text}, file).read_only is value


def test_an_empty_variable_is_none(file):
    assert load({}, {"ECRTUI_READ_ONLY": "", "ECRTUI_THEME": ""}, file) == Settings()


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        ('theme = "a"\nread_only = "yes"\n', ", line 2: read_only is 'yes'", "true or false"),
        ("theme = 3\n", ", line 1: theme is 3", "a text"),
        ('theme = "  "\n', ", line 1: theme is", "name a theme"),
        ('# note\n\nprotected_tags = "prod*"\n', ", line 3: protected_tags is 'prod*'", "a list of texts"),
        ('protected_tags = ["a", 1]\n', ", line 1: protected_tags", "a list of texts"),
        ('protected_tags = [""]\n', ", line 1: protected_tags", "none of them empty"),
        ("writes_per_second = 0\n", ", line 1: writes_per_second is 0", "above zero"),
        ("writes_per_second = nan\n", ", line 1: writes_per_second is nan", "above zero"),
        ("writes_per_second = inf\n", ", line 1: writes_per_second is inf", "finite"),
        ("writes_per_second = true\n", ", line 1: writes_per_second is True", "a number"),
        ("cache = 1\n", ", line 1: cache is 1", "true or false"),
        ("keys = []\n", ", line 1: keys is []", "a table"),
        ('theme = "a"\n[keys]\nquit = 5\n', ", line 2: keys.quit is 5", 'as in "t,f2"'),
        ("accounts = 1\n", ", line 1: accounts is 1", "a table"),
        ("[accounts.123456789012]\nread_only = 1\n", "accounts.123456789012: read_only is 1", "true or false"),
        ("[accounts.123456789012]\ncache = true\n", "accounts.123456789012 may set protected_tags, read_only", ""),
        ('[accounts.prod]\ntheme = "a"\n', "accounts.prod is not an account", "twelve digits"),
        ('[accounts.12345678901]\ntheme = "a"\n', "is not an account", "twelve digits"),
        ("accounts.123456789012 = 5\n", "may set protected_tags, read_only, theme only", ""),
        ('theme = "a"\n\ncolour = "red"\n', ", line 3 has a setting that does not exist: colour", ""),
        ("theme = \n", " cannot be read", "line 1"),
        ('theme = "a"\ntheme = "b"\n', " cannot be read", "line 2"),
    ],
)
def test_what_is_wrong_in_the_file_is_told_with_its_name_and_its_line(file, text, place, reason):
    with pytest.raises(SettingsError) as caught:
        load({}, {}, given(file, text))
    assert caught.value.title.startswith(str(file))
    assert place in caught.value.title
    assert reason in caught.value.detail


def test_a_file_that_is_not_text_or_no_file_cannot_be_read(file, tmp_path):
    file.write_bytes(b'theme = "\xff"\n')
    for path in (file, tmp_path):
        with pytest.raises(SettingsError, match="cannot be read") as caught:
            load({}, {}, path)
        assert caught.value.hint


@pytest.mark.parametrize(
    ("variable", "text"),
    [("ECRTUI_READ_ONLY", "banana"), ("ECRTUI_WRITES_PER_SECOND", "fast"), ("ECRTUI_WRITES_PER_SECOND", "-1")],
)
def test_a_variable_that_makes_no_sense_is_named(file, variable, text):
    with pytest.raises(SettingsError) as caught:
        load({}, {variable: text}, file)
    assert f"${variable}" in caught.value.title


def test_a_flag_is_held_to_the_same_rules(file):
    with pytest.raises(SettingsError, match="--writes-per-second"):
        load({"writes_per_second": -1.0}, {}, file)


def test_keys_may_be_written_with_or_without_quotes_around_the_action(file):
    given(file, '[keys]\n"image.retag" = "t,f2"\nimage.copy = "c"\nquit = "q"\n')
    assert load({}, {}, file).keys == {"image.retag": "t,f2", "image.copy": "c", "quit": "q"}


ACCOUNTS = """
theme = "calm"
[accounts.123456789012]
theme = "red"
read_only = true
protected_tags = ["*"]
"""


def test_what_differs_for_an_account_holds_for_that_account_alone(file):
    settings = load({}, {}, given(file, ACCOUNTS))
    there = settings.for_account("123456789012")
    assert (there.theme, there.read_only, there.protected_tags) == ("red", True, ("*",))
    assert there.sources["read_only"] == f"{file}, accounts.123456789012"
    assert settings.for_account("999999999999").theme == "calm"
    assert settings.for_account("") == settings


def test_a_flag_or_a_variable_wins_over_what_an_account_sets(file):
    settings = load({"theme": "mine"}, {"ECRTUI_READ_ONLY": "no"}, given(file, ACCOUNTS)).for_account("123456789012")
    assert (settings.theme, settings.read_only, settings.protected_tags) == ("mine", False, ("*",))
    assert settings.sources["theme"] == "--theme"


FULL = """\
# my settings
theme = "old"  # the quiet one

protected_tags = [
  "prod*",  # theme = "not this"
]
[accounts.123456789012]  # live
theme = "red"
"""


def test_remembering_a_theme_changes_that_value_alone(file):
    remember_theme("new", given(file, FULL))
    assert file.read_text() == FULL.replace('"old"', '"new"')


@pytest.mark.parametrize(
    "text", ["", "read_only = true\n", '[accounts.123456789012]\ntheme = "red"\n', "# only a note"]
)
def test_a_theme_is_added_where_there_was_none(file, text):
    remember_theme("new", given(file, text))
    assert load({}, {}, file).theme == "new"
    assert text in file.read_text()


@pytest.mark.parametrize("written", ["theme='old'", ' "theme"  =  "o\\"ld" # x', "theme = 'old'\r"])
def test_however_the_theme_is_written_it_is_replaced(file, written):
    remember_theme("new", given(file, f"{written}\nread_only = true\n"))
    assert load({}, {}, file).theme == "new"
    assert load({}, {}, file).read_only


def test_a_name_with_quotes_and_letters_of_any_script_is_remembered(file):
    name = 'Föhn "näßt" \\ \u0430\x7f'
    remember_theme(name, file)
    assert load({}, {}, file).theme == name


def test_a_file_and_folder_are_made_when_there_are_none(tmp_path, monkeypatch):
    file = tmp_path / "new" / "folder" / "settings.toml"
    monkeypatch.setenv("ECRTUI_SETTINGS", str(file))
    remember_theme("dusk")
    assert load({}, {}, file).theme == "dusk"


def test_a_symbolic_link_stays_one_and_the_files_mode_is_kept(file, tmp_path):
    given(file, 'theme = "old"\n').chmod(0o600)
    link = tmp_path / "link.toml"
    link.symlink_to(file)
    remember_theme("new", link)
    assert link.is_symlink()
    assert file.read_text() == 'theme = "new"\n'
    assert file.stat().st_mode & 0o777 == 0o600
    assert {path.name for path in tmp_path.iterdir()} == {"settings.toml", "link.toml"}


@pytest.mark.parametrize("text", ["theme = \n", 'theme = """\nold"""\n'])
def test_a_file_that_cannot_be_changed_safely_is_left_as_it_is(file, text):
    with pytest.raises(SettingsError):
        remember_theme("new", given(file, text))
    assert file.read_text() == text


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_told(file):
    given(file, 'theme = "old"\n')
    file.parent.chmod(0o500)
    try:
        with pytest.raises(SettingsError, match="cannot be written"):
            remember_theme("new", file)
    finally:
        file.parent.chmod(0o700)


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(SettingsError):
        remember_theme("new", blocked / "settings.toml")
