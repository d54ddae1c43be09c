from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest

from ecrtui.errors import SettingsError
from ecrtui.saved_settings import remember_columns, remember_theme
from ecrtui.settings import PROTECTED_TAGS, SETTINGS, Settings, load


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "settings.toml"


def given(file: Path, text: str) -> Path:
    file.write_text(text, "utf-8")
    return file


def test_a_missing_file_gives_the_defaults(file: Path) -> None:
    assert load({}, {}, file) == Settings()
    assert load({}, {}, file).protected_tags == PROTECTED_TAGS


def test_a_home_that_is_no_folder_has_no_file() -> None:
    assert load({}, {}, Path("/dev/null/.config/ecrtui/settings.toml")) == Settings()


def test_flags_win_over_variables_and_variables_over_the_file(file: Path) -> None:
    given(file, 'theme = "from-file"\nwrites_per_second = 5\nread_only = true\nprotected_tags = ["live*"]\n')
    environment = {"ECRTUI_THEME": "from-variable", "ECRTUI_WRITES_PER_SECOND": "2.5"}
    settings = load({"theme": "from-flag", "read_only": None}, environment, file)
    assert (settings.theme, settings.writes_per_second, settings.read_only) == ("from-flag", 2.5, True)
    assert settings.protected_tags == ("live*",)
    assert settings.sources == {
        "theme": "--theme",
        "writes_per_second": "$ECRTUI_WRITES_PER_SECOND",
        "read_only": f"{file}, line 3",
        "protected_tags": f"{file}, line 4",
    }


def test_ecrtui_settings_names_another_file(file: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = own_home / ".config" / "ecrtui" / "settings.toml"
    mine.parent.mkdir(parents=True)
    given(mine, 'theme = "mine"\n')
    assert load({}, {}).theme == "mine"
    assert load({}, {"ECRTUI_SETTINGS": str(given(file, 'theme = "other"\n'))}).theme == "other"


@pytest.mark.parametrize(
    ("text", "value"), [("1", True), ("true", True), ("Yes", True), ("0", False), ("off", False), ("FALSE", False)]
)
def test_a_variable_accepts_the_usual_words_for_true_and_false(file: Path, text: str, value: bool) -> None:
    given(file, f"read_only = {str(not value).lower()}\n")
    assert load({}, {"ECRTUI_READ_ONLY": text}, file).read_only is value


def test_an_empty_variable_is_ignored(file: Path) -> None:
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
        ("writes_per_second = true\n", ", line 1: writes_per_second is true", "a number"),
        ("cache = 1\n", ", line 1: cache is 1", "true or false"),
        ("keys = []\n", ", line 1: keys is []", "a table"),
        ('theme = "a"\n[keys]\nquit = 5\n', ", line 3: keys.quit is 5", 'as in "t,f2"'),
        ("accounts = 1\n", ", line 1: accounts is 1", "a table"),
        ('[keys]\n"image.copy" = "c"\n"image.retag" = []\n', ", line 3: keys.image.retag is []", "a text"),
        ("[keys]\nimage.copy = 'c'\nimage.retag = 1\n", ", line 3: keys.image.retag is 1", "a text"),
        (
            "[accounts.111111111111]\nread_only = true\n[accounts.123456789012]\nread_only = 1\n",
            ", line 4: accounts.123456789012.read_only is 1",
            "true or false",
        ),
        (
            "[accounts.123456789012]\ncache = true\n",
            ", line 2: accounts.123456789012 cannot set 'cache'",
            "",
        ),
        ('[accounts.""]\ntheme = "a"\n', "is not an account", "twelve digits"),
        ('[accounts.12345678901]\ntheme = "a"\n', "is not an account", "twelve digits"),
        ("accounts.123456789012 = 5\n", ", line 1: accounts.123456789012 is 5", "as [accounts.123456789012] begins it"),
        ('theme = "a"\n\ncolour = "red"\n', ", line 3: unknown setting 'colour'", ""),
        ("theme = \n", ", line 1", "Invalid value."),
        ('theme = "a"\ntheme = "b"\n', ", line 2", "Cannot overwrite a value."),
        ('# two\nprotected_tags = ["a",\n\n', ", line 2", "Invalid value."),
        (f"writes_per_second = {'9' * 5000}\n", "Cannot read", "A number in it has too many digits."),
        (f"protected_tags = {'[' * 5000}\n", "Cannot read", "nested too deeply."),
        (f"protected_tags = {'x' * 100}\n", ", line 1", "Invalid value."),
        (f"theme = {['x'] * 100}\n", f", line 1: theme is {str(['x'] * 100)[:60]}…", "a text"),
    ],
)
def test_an_invalid_value_is_reported_with_its_name_and_line(file: Path, text: str, place: str, reason: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load({}, {}, given(file, text))
    assert str(file) in caught.value.title
    assert place in caught.value.title
    assert reason in caught.value.detail


UNREADABLE: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "Latin-1": (lambda path: path.write_bytes(b'theme = "a"\n# caf\xe9\n'), ", line 2", "Byte 0xe9 is not UTF-8."),
    "UTF-16": (lambda path: path.write_bytes("theme = 1".encode("utf-16")), ", line 1", "The file is UTF-16."),
    "folder": (lambda path: path.mkdir(), "", "Is a directory."),
    "FIFO": (lambda path: os.mkfifo(path), "", "This is not a regular file."),
    "endless": (lambda path: path.symlink_to("/dev/zero"), "", "more than 1,048,576 bytes"),
    "link to itself": (lambda path: path.symlink_to(path), "", "symbolic links"),
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_a_file_that_cannot_be_read_is_named(file: Path, kind: str) -> None:
    make, line, reason = UNREADABLE[kind]
    make(file)
    with pytest.raises(SettingsError) as caught:
        load({}, {}, file)
    assert caught.value.title == f"Cannot read {file}{line}"
    assert reason in caught.value.detail
    assert caught.value.hint == "Fix the file or move it aside."


@pytest.mark.parametrize("name", ["missing.toml", "missing/settings.toml", "dangling.toml"])
def test_a_file_that_ecrtui_settings_names_must_exist(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / "dangling.toml").symlink_to(tmp_path / "nothing")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError) as caught:
        load({}, {"ECRTUI_SETTINGS": name})
    assert str(caught.value) == f"The settings file {name} does not exist: The variable ECRTUI_SETTINGS names it."
    assert load({}, {"ECRTUI_SETTINGS": ""}) == Settings()


def test_a_byte_order_mark_and_an_empty_device_are_accepted(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbfread_only = true\n")
    assert load({}, {}, file).read_only
    assert load({}, {}, Path("/dev/null")) == Settings()


def test_the_name_of_the_file_may_begin_with_the_home(own_home: Path) -> None:
    given(own_home / "mine.toml", "read_only = true\n")
    assert load({}, {"ECRTUI_SETTINGS": "~/mine.toml"}).read_only


@pytest.mark.parametrize(
    ("variable", "text"),
    [("ECRTUI_READ_ONLY", "banana"), ("ECRTUI_WRITES_PER_SECOND", "fast"), ("ECRTUI_WRITES_PER_SECOND", "-1")],
)
def test_an_invalid_variable_is_named(file: Path, variable: str, text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load({}, {variable: text}, file)
    assert f"${variable}" in caught.value.title


def test_an_invalid_flag_is_named(file: Path) -> None:
    with pytest.raises(SettingsError, match="--writes-per-second"):
        load({"writes_per_second": -1.0}, {}, file)


def test_action_ids_may_be_quoted_or_not(file: Path) -> None:
    given(file, '[keys]\n"image.retag" = "t,f2"\nimage.copy = "c"\nquit = "q"\n')
    assert load({}, {}, file).keys == {"image.retag": "t,f2", "image.copy": "c", "quit": "q"}


ACCOUNTS = """
theme = "calm"
[accounts.123456789012]
theme = "red"
read_only = true
protected_tags = ["*"]
"""


def test_account_settings_apply_to_that_account_only(file: Path) -> None:
    settings = load({}, {}, given(file, ACCOUNTS))
    there = settings.for_account("123456789012")
    assert (there.theme, there.read_only, there.protected_tags) == ("red", True, ("*",))
    assert there.sources["read_only"] == f"{file}, line 5, accounts.123456789012"
    assert settings.for_account("999999999999").theme == "calm"
    assert settings.for_account("") == settings


PATTERNS = """
[accounts.123456789012]
theme = "exact"
[accounts."*prod*"]
theme = "pattern"
read_only = true
[accounts."shop-*"]
theme = "later"
[accounts."9999*"]
theme = "id"
"""


@pytest.mark.parametrize(
    ("account", "names", "theme", "read_only"),
    [
        ("111111111111", (), "ecrtui-dark", False),
        ("111111111111", ("", "dev"), "ecrtui-dark", False),
        ("111111111111", ("", "shop-prod"), "later", True),
        ("111111111111", ("my-prod-account", "dev"), "pattern", True),
        ("123456789012", ("shop-prod",), "exact", True),
        ("999911111111", (), "id", False),
    ],
)
def test_a_pattern_matches_the_id_the_alias_or_the_profile(
    file: Path, account: str, names: tuple[str, ...], theme: str, read_only: bool
) -> None:
    settings = load({}, {}, given(file, PATTERNS)).for_account(account, *names)
    assert (settings.theme, settings.read_only) == (theme, read_only)
    assert not read_only or settings.sources["read_only"].endswith("line 6, accounts.*prod*")


def test_flags_and_variables_win_over_account_settings(file: Path) -> None:
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


def test_remembering_a_theme_changes_nothing_else(file: Path) -> None:
    remember_theme("new", given(file, FULL))
    assert file.read_text() == FULL.replace('"old"', '"new"')


@pytest.mark.parametrize(
    "text", ["", "read_only = true\n", '[accounts.123456789012]\ntheme = "red"\n', "# only a note"]
)
def test_a_theme_is_added_when_there_is_none(file: Path, text: str) -> None:
    remember_theme("new", given(file, text))
    assert load({}, {}, file).theme == "new"
    assert text in file.read_text()


@pytest.mark.parametrize("written", ["theme='old'", ' "theme"  =  "o\\"ld" # x', "theme = 'old'\r"])
def test_a_theme_in_any_notation_is_replaced(file: Path, written: str) -> None:
    remember_theme("new", given(file, f"{written}\nread_only = true\n"))
    assert load({}, {}, file).theme == "new"
    assert load({}, {}, file).read_only


def test_a_theme_name_with_quotes_and_any_script_is_remembered(file: Path) -> None:
    name = 'Föhn "näßt" \\ \u0430\x7f'
    remember_theme(name, file)
    assert load({}, {}, file).theme == name


def test_a_missing_file_and_folder_are_created(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "new" / "folder" / "settings.toml"
    monkeypatch.setenv("ECRTUI_SETTINGS", str(file))
    remember_theme("dusk")
    assert load({}, {}, file).theme == "dusk"


def test_a_symbolic_link_and_the_file_mode_are_kept(file: Path, tmp_path: Path) -> None:
    given(file, 'theme = "old"\n').chmod(0o600)
    link = tmp_path / "link.toml"
    link.symlink_to(file)
    remember_theme("new", link)
    assert link.is_symlink()
    assert file.read_text() == 'theme = "new"\n'
    assert file.stat().st_mode & 0o777 == 0o600
    assert {path.name for path in tmp_path.iterdir()} == {"settings.toml", "link.toml"}


@pytest.mark.parametrize("text", ["theme = \n", 'theme = """\nold"""\n'])
def test_a_file_that_cannot_be_changed_safely_stays_unchanged(file: Path, text: str) -> None:
    with pytest.raises(SettingsError):
        remember_theme("new", given(file, text))
    assert file.read_text() == text


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_reported(file: Path) -> None:
    given(file, 'theme = "old"\n')
    file.parent.chmod(0o500)
    try:
        with pytest.raises(SettingsError, match="Cannot write"):
            remember_theme("new", file)
    finally:
        file.parent.chmod(0o700)


def test_a_folder_that_cannot_be_created_is_reported(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(SettingsError):
        remember_theme("new", blocked / "settings.toml")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", 'columns.images = ["tag", "size"]\n'),
        ("read_only = true\n[keys]\n", 'columns.images = ["tag", "size"]\nread_only = true\n[keys]\n'),
        ('columns.images = ["digest"] # mine\n', 'columns.images = ["tag", "size"] # mine\n'),
        ('columns . "images" = [\n  "digest",\n]\n', 'columns . "images" = ["tag", "size"]\n'),
        ("# x\n[columns]\n[keys]\n", '# x\n[columns]\nimages = ["tag", "size"]\n[keys]\n'),
        ("[columns]", '[columns]\nimages = ["tag", "size"]\n'),
        (
            '[columns]\nrepositories = ["name"]\n images = ["digest"]\n\n[accounts.x]\ntheme = "a"\n',
            '[columns]\nrepositories = ["name"]\n images = ["tag", "size"]\n\n[accounts.x]\ntheme = "a"\n',
        ),
    ],
)
def test_columns_are_remembered_and_removed(file: Path, before: str, after: str) -> None:
    remember_columns("images", ["tag", "size"], given(file, before))
    assert file.read_text() == after
    assert load({}, {}, file).columns["images"] == ("tag", "size")
    remember_columns("images", None, file)
    assert "images" not in load({}, {}, file).columns


def test_columns_in_an_inline_table_stay_unchanged(file: Path) -> None:
    text = 'columns = {images = ["tag"]}\n'
    with pytest.raises(SettingsError, match="Cannot change"):
        remember_columns("images", ["size"], given(file, text))
    assert file.read_text() == text


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[columns]\nimage = ["tag"]\n', "the lists are images, repositories, side_by_side, activity"),
        ('columns.images = "tag"\n', "columns.images must be a list of one or more columns"),
        ("columns.images = []\n", "line 1: columns.images is ()"),
    ],
)
def test_wrong_columns_are_reported_with_the_lists(file: Path, text: str, problem: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load({}, {}, given(file, text))
    assert problem.replace("()", "[]") in str(caught.value)


def test_a_misspelt_setting_is_reported_with_the_closest_name(file: Path) -> None:
    with pytest.raises(SettingsError, match="unknown setting 'read_onyl'") as caught:
        load({}, {}, given(file, "read_onyl = true\n"))
    assert caught.value.hint == "Did you mean read_only?"


def test_every_setting_is_a_field_with_a_description() -> None:
    assert set(SETTINGS) == {entry.name for entry in fields(Settings)} - {"sources"}
    assert all(setting.meaning.endswith(".") for setting in SETTINGS.values())
