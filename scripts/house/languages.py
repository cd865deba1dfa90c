"""Bring the translations in step with the list of terms; runs where polib is."""

import sys
from pathlib import Path

import polib


def main(terms):
    """Rewrite the languages beside the file ``terms``; print what they lack."""
    listed = polib.pofile(terms)
    for path in sorted(Path(terms).parent.glob("*.po")):
        language = polib.pofile(str(path), wrapwidth=78)
        follow(language, listed)
        language.save()
        for entry in language.untranslated_entries():
            print(f"{path.name} lacks: {entry.msgid!r}")


def follow(language, listed):
    """Give ``language`` the terms of ``listed``, in its order; keep the words."""
    said = {entry.msgid: entry.msgstr for entry in language}
    language[:] = [
        polib.POEntry(
            msgid=entry.msgid,
            msgstr=said.get(entry.msgid, ""),
            comment=entry.comment,
            occurrences=entry.occurrences,
        )
        for entry in listed
    ]


if __name__ == "__main__":
    main(*sys.argv[1:])
