"""Documents: sealed from the first byte, opened through the door alone, refused in words where they do not fit."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, transaction
from django.test import Client

from spean.cases import attaching, holds, uploads
from spean.cases.models import Case, Document, Involvement
from spean.privacy import crypto, doors, files, vault
from spean.privacy.models import Event
from spean.workflow.engine import Forbidden, Refused
from tests import steps
from tests.cast import Cast
from tests.detection.walk import hidden
from tests.lib.test_pictures import jpeg, png, webp
from tests.signed_in import signed_in

CANARY = b"Kanarie: passport N 1234567 of Sok Dara"
PDF = b"%PDF-1.7\n" + CANARY + b"\n%%EOF\n"
GOOD = {"a.pdf": PDF, "a.JPG": jpeg(), "a.png": png(), "a.webp": webp(), "a.txt": CANARY, "noending": PDF}


@pytest.fixture
def folder(settings: Any) -> Path:
    return Path(settings.MEDIA_ROOT)


@pytest.fixture
def case(cast: Cast) -> Case:
    return steps.registered(cast)


@pytest.fixture
def document(cast: Cast, case: Case) -> Document:
    return attaching.attach_document(
        cast.manager, case, kind="passport", title="Her passport, page 2", media="pdf", content=PDF
    )


def on_disk(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def opened(user: Any, document: Document) -> bytes | None:
    return doors.reveal_file(user, Document.objects.get(pk=document.pk), "casework")


class TestSealed:
    def test_opens_again_through_the_door_and_the_log_says_so(self, cast: Cast, document: Document) -> None:
        assert opened(cast.manager, document) == PDF
        rows = Event.objects.filter(object_id=document.pk).order_by("id")
        assert list(rows.values_list("action", "fields", "purpose")) == [
            ("document.attached", [], ""), ("content.read", ["title"], "casework"),
            ("document.opened", ["file"], "casework"),
        ]  # fmt: skip

    def test_every_size(self, cast: Cast, case: Case) -> None:
        for size in (0, 1, 65534, 65535, 65536, 131070, 200_000):
            content = os.urandom(size)
            row = attaching.attach_document(cast.manager, case, kind="other", title="x", media="text", content=content)
            assert opened(cast.manager, row) == content
            # Only steps of 64 KB tell of the size.
            assert len(files.read(row.pk)) == row.chunks * (crypto.CHUNK + crypto.OVERHEAD)

    def test_nothing_in_clear_on_the_disk_nor_in_its_name(self, folder: Path, document: Document) -> None:
        (path,) = on_disk(folder)
        assert CANARY not in path.read_bytes()
        assert b"PDF" not in path.read_bytes()[:100]
        assert path.name == document.pk.hex
        assert path.stat().st_mode & 0o077 == 0
        assert path.parent.stat().st_mode & 0o077 == 0

    def test_chunks_cannot_change_places_be_left_out_or_repeated(self, cast: Cast, case: Case) -> None:
        row = attaching.attach_document(
            cast.manager, case, kind="other", title="x", media="text", content=os.urandom(200_000)
        )
        blob, size = files.read(row.pk), crypto.CHUNK + crypto.OVERHEAD
        chunks = [blob[start : start + size] for start in range(0, len(blob), size)]
        one, two, three, four = chunks
        tampered = {
            "swapped": [two, one, three, four], "cut": [one, two, three], "repeated": [one, one, three, four],
            "longer": [*chunks, four], "last first": [four, one, two, three], "empty": [],
            "flipped": [one, two, three, four[:-1] + bytes([four[-1] ^ 1])],
            "version": [bytes([2]) + one[1:], two, three, four], "byte cut": [one, two, three, four[:-1]],
        }  # fmt: skip
        for what, parts in tampered.items():
            files.remove(row.pk)
            files.write(row.pk, b"".join(parts))
            try:
                opened(cast.manager, row)
            except crypto.CannotOpen:
                continue
            pytest.fail(what)
        files.remove(row.pk)
        files.write(row.pk, blob)
        assert opened(cast.manager, row)

    def test_a_cut_file_does_not_open_even_where_its_row_was_changed_to_fit(self, case: Case) -> None:
        subject, row_id = case.subject, uuid4()
        blob, count = vault.seal_file(subject, "cases.Document.file", row_id, os.urandom(200_000))
        shorter = blob[: (count - 1) * (crypto.CHUNK + crypto.OVERHEAD)]
        with pytest.raises(crypto.CannotOpen):
            vault.open_file(subject, "cases.Document.file", row_id, shorter, count - 1)

    def test_a_file_moved_to_another_document_person_or_field_does_not_open(
        self, cast: Cast, case: Case, document: Document
    ) -> None:
        second = attaching.attach_document(cast.manager, case, kind="visa", title="x", media="pdf", content=PDF)
        blob = files.read(document.pk)
        files.remove(second.pk)
        files.write(second.pk, blob)
        with pytest.raises(crypto.CannotOpen):
            opened(cast.manager, second)
        other = steps.registered(cast, who=steps.identity("Chea", "Vanna", phone="", birth_date="1980-01-02"))
        for subject, label in ((other.subject, "cases.Document.file"), (case.subject, "cases.Document.title")):
            with pytest.raises(crypto.CannotOpen):
                vault.open_file(subject, label, document.pk, blob, document.chunks)

    def test_what_the_row_says_of_the_file_cannot_be_changed(self, document: Document) -> None:
        for change in ({"chunks": 2}, {"media": "text"}, {"kind": "visa"}):
            with pytest.raises(DatabaseError), transaction.atomic():
                Document.objects.filter(pk=document.pk).update(**change)

    def test_a_row_that_cannot_be_written_leaves_no_file(self, cast: Cast, case: Case, folder: Path) -> None:
        with pytest.raises(ValidationError):
            attaching.attach_document(cast.manager, case, kind="nonsense", title="x", media="pdf", content=PDF)
        with pytest.raises(Forbidden):
            attaching.attach_document(cast.outsider, case, kind="passport", title="x", media="pdf", content=PDF)
        assert list(on_disk(folder)) == []
        assert not Document.objects.exists()

    def test_files_without_a_row_are_swept_after_a_day(self, document: Document, folder: Path) -> None:
        lost, draft = uuid4(), folder / "ab" / ".abc.draft"
        files.write(lost, b"sealed")
        draft.parent.mkdir(exist_ok=True)
        draft.write_bytes(b"half")
        assert attaching.remove_lost_files() == 0
        for path in (*on_disk(folder),):
            os.utime(path, (1, 1))
        assert attaching.remove_lost_files() == 2
        assert [path.name for path in on_disk(folder)] == [document.pk.hex]


class TestWho:
    STRANGERS = (
        "outsider",
        "screener",
        "other_manager",
        "provider",
        "prosecutor",
        "auditor",
        "administrator",
        "registry",
    )

    def test_a_stranger_meets_neither_page_nor_file(self, cast: Cast, document: Document) -> None:
        for name in self.STRANGERS:
            client = signed_in(getattr(cast, name))
            missing = client.get(f"/case/{uuid4()}/")
            for part in ("", "title/", "open/", "remove/"):
                for ask in (client.get, client.post) if part else (client.get,):
                    answer = ask(f"/document/{document.pk}/{part}", {"purpose": "casework"})
                    assert (answer.status_code, answer.content) == (404, missing.content), (name, part)
            assert client.post(f"/case/{document.case_id}/document/", {}).status_code == 404
            with pytest.raises(doors.NotAllowed):
                opened(getattr(cast, name), document)
        assert not Event.objects.filter(action="document.opened").exists()

    def test_whoever_takes_part_without_this_section_does_not_open_it(self, cast: Cast, document: Document) -> None:
        Involvement.objects.create(
            case=document.case, organisation=cast.org("authority"), task="identification", sections=["identity"],
            basis="test",
        )  # fmt: skip
        with pytest.raises(doors.NotAllowed):
            opened(cast.again("officer"), document)
        page = signed_in(cast.officer).post(f"/document/{document.pk}/open/", {"purpose": "identification"})
        assert page.status_code == 404
        assert Event.objects.filter(action="content.refused", object_id=document.pk).count() == 2

    def test_the_panel_shows_neither_title_nor_content(self, cast: Cast, document: Document) -> None:
        page = signed_in(cast.manager).get(f"/case/{document.case_id}/").content.decode()
        assert f"/document/{document.pk}/" in page
        assert "Her passport" not in page


def send(client: Client, case: Case, name: str, content: bytes, **more: Any) -> Any:
    address = f"/case/{case.pk}/document/"
    form = {**hidden(client.get(address)), "kind": "passport", "title": "Her passport", **more}
    file = SimpleUploadedFile("x", content, content_type="application/octet-stream")
    file._name = name  # as a browser of ill will sends it, and not as Django would clean it
    return client.post(address, {**form, "file": file})


class TestUploading:
    @pytest.fixture
    def client(self, cast: Cast) -> Client:
        return signed_in(cast.manager)

    def test_what_is_accepted(self, cast: Cast, case: Case, client: Client) -> None:
        for name, content in GOOD.items():
            assert send(client, case, name, content).status_code == 302, name
            row = Document.objects.latest("attached_at")
            answer = client.post(f"/document/{row.pk}/open/", {"purpose": "casework"})
            assert (answer.status_code, answer.content) == (200, content), name

    def test_as_a_browser_sends_it_with_the_token_of_its_form(self, case: Case, client: Client) -> None:
        """The token is looked for in the body, before the page is reached: the file is kept all the same."""
        client.handler.enforce_csrf_checks = True
        address = f"/case/{case.pk}/document/"
        page = client.get(address)
        token = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.content.decode())[-1]
        form = {"csrfmiddlewaretoken": token, **hidden(page), "kind": "passport", "title": "Her passport"}
        large = b"%PDF-" + bytes(5_000_000) + b"%%EOF"
        assert client.post(address, {**form, "file": SimpleUploadedFile("a.pdf", large)}).status_code == 302
        assert Document.objects.get().chunks == 77
        stolen = {**form, "csrfmiddlewaretoken": "x" * 64}
        assert client.post(address, {**stolen, "file": SimpleUploadedFile("a.pdf", PDF)}).status_code == 403

    def test_a_download_is_harmless_and_tells_nothing(self, case: Case, client: Client, document: Document) -> None:
        answer = client.post(f"/document/{document.pk}/open/", {"purpose": "casework"})
        assert answer.content == PDF
        assert answer.headers["Content-Disposition"] == 'attachment; filename="document.pdf"'
        assert answer.headers["Content-Type"] == "application/pdf"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        policy = answer.headers["Content-Security-Policy"].split("; ")
        assert set(policy) >= {"default-src 'none'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"}
        assert policy[-1] == "sandbox"
        assert "no-store" in answer.headers["Cache-Control"]

    def test_never_by_a_link_and_never_without_a_purpose(self, client: Client, document: Document) -> None:
        assert client.get(f"/document/{document.pk}/open/").status_code == 302
        for purpose in ("", "curiosity", "search"):
            answer = client.post(f"/document/{document.pk}/open/", {"purpose": purpose})
            assert answer.status_code == 422
            assert CANARY not in answer.content
        assert not Event.objects.filter(action="document.opened").exists()

    def test_the_title_is_shown_on_demand(self, client: Client, document: Document) -> None:
        assert b"Her passport" not in client.get(f"/document/{document.pk}/").content
        assert b"Her passport" in client.post(f"/document/{document.pk}/title/", {"purpose": "casework"}).content

    WRONG = {
        "page.pdf": b"<html><script>alert(1)</script>",
        "drawing.txt": b'<svg onload="x()"/>',
        "run.pdf": b"MZ\x90\x00 program",
        "archive.pdf": b"PK\x03\x04 zip or docx",
        "old.pdf": b"\xd0\xcf\x11\xe0 old office",
        "half.pdf": b"%PDF-1.7 without an end",
        "half.jpg": jpeg()[:-20],
        "half.png": png()[:-4],
        "big.png": png(width=60_000, height=60_000),
        "gif.png": b"GIF89a\x01\x00",
        "zero.txt": b"a\x00b",
        "latin.txt": b"\xe9t\xe9",
    }

    def test_what_it_is_decides_and_not_what_it_is_called(self, case: Case, client: Client, folder: Path) -> None:
        for name, content in self.WRONG.items():
            page = send(client, case, name, content)
            assert page.status_code == 422, name
            assert 'href="#id_file"' in page.content.decode(), name
            assert "This is not a PDF" in page.content.decode(), name
        assert list(on_disk(folder)) == []
        assert not Document.objects.exists()

    def test_an_ending_that_does_not_fit_is_refused(self, case: Case, client: Client) -> None:
        for name in ("passport.exe", "passport.html", "picture.pdf.js", "scan.png"):
            page = send(client, case, name, PDF)
            assert page.status_code == 422, name
            assert "does not fit what is in it" in page.content.decode(), name

    def test_names_that_hide_something_are_refused(self) -> None:
        for name in (
            "ab\u202efdp.exe",
            "a\u200bb.pdf",
            "..pdf",
            "a\tb.pdf",
            "a:b.pdf",
            "a/b.pdf",
            "a\\b.pdf",
            "a\0.pdf",
        ):
            file = SimpleUploadedFile("x", PDF)
            file._name = name  # as one of ill will sends it, whatever a library makes of it
            with pytest.raises(ValidationError, match="Rename the file"):
                uploads.read(file)

    def test_a_path_in_a_name_leads_nowhere_and_is_kept_nowhere(self, case: Case, client: Client, folder: Path) -> None:
        for name in ("../../../tmp/evil.pdf", "/etc/cron.d/evil.pdf", "..\\..\\evil.pdf", "....//evil.pdf"):
            send(client, case, name, PDF)
        assert all(UUID(path.name) and path.resolve().is_relative_to(folder.resolve()) for path in on_disk(folder))
        assert not list(folder.parent.rglob("*evil*"))
        assert "evil" not in str(list(Event.objects.values())) + str(list(Document.objects.values()))

    def test_too_large_is_said_at_the_field(self, case: Case, client: Client, folder: Path) -> None:
        for too_much in (uploads.LIMIT + 1, uploads.PATIENCE + 100_000):
            page = send(client, case, "a.pdf", b"%PDF-" + bytes(too_much) + b"%%EOF")
            assert page.status_code == 422
            assert "up to 10 MB" in page.content.decode()
            assert 'href="#id_file"' in page.content.decode()
        assert list(on_disk(folder)) == []

    def test_just_large_enough_passes(self, case: Case, client: Client) -> None:
        body = b"%PDF-" + bytes(uploads.LIMIT - 10) + b"%%EOF"
        assert len(body) == uploads.LIMIT
        assert send(client, case, "a.pdf", body).status_code == 302
        assert Document.objects.get().chunks == 161

    def test_an_empty_file_and_none_at_all(self, case: Case, client: Client) -> None:
        assert "The file is empty" in send(client, case, "a.pdf", b"").content.decode()
        address = f"/case/{case.pk}/document/"
        page = client.post(address, {**hidden(client.get(address)), "kind": "passport", "title": "x"})
        assert "Choose a file" in page.content.decode()

    def test_two_files_at_once_are_refused(self, case: Case, client: Client) -> None:
        address = f"/case/{case.pk}/document/"
        two = [SimpleUploadedFile(name, PDF) for name in ("a.pdf", "b.pdf")]
        assert client.post(address, {"kind": "passport", "title": "x", "file": two}).status_code == 400
        assert not Document.objects.exists()

    def test_a_form_sent_twice_attaches_once(self, case: Case, client: Client, folder: Path) -> None:
        address = f"/case/{case.pk}/document/"
        form = {**hidden(client.get(address)), "kind": "passport", "title": "Her passport"}
        for _ in range(2):
            assert client.post(address, {**form, "file": SimpleUploadedFile("a.pdf", PDF)}).status_code == 302
        assert Document.objects.count() == 1
        assert len(list(on_disk(folder))) == 1

    def test_a_photograph_loses_where_it_was_taken(self, cast: Cast, case: Case, client: Client) -> None:
        from tests.lib.test_pictures import PLACE, exif, segment

        assert send(client, case, "a.jpg", jpeg(notes=segment(0xE1, exif()))).status_code == 302
        content = opened(cast.manager, Document.objects.get())
        assert content is not None
        assert PLACE not in content

    def test_no_page_but_one_keeps_an_upload_and_nothing_touches_the_disk(
        self, case: Case, client: Client, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The temporary directory stays empty, also for files for which Django would use it."""
        import tempfile

        settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path / "temp")
        (tmp_path / "temp").mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temp"))
        large = b"%PDF-" + CANARY + bytes(4_000_000) + b"%%EOF"
        seen: list[list[Path]] = []
        real = uploads.InMemory.file_complete

        def completing(self: Any, size: int) -> Any:
            seen.append(list((tmp_path / "temp").rglob("*")))
            return real(self, size)

        monkeypatch.setattr(uploads.InMemory, "file_complete", completing)
        assert send(client, case, "a.pdf", large).status_code == 302
        client.post(f"/case/{case.pk}/note/", {"file": SimpleUploadedFile("a.pdf", large)})
        assert seen == [[], []]

    def test_an_upload_of_a_stranger_is_not_even_kept_in_memory(
        self, case: Case, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        kept: list[Any] = []
        real = uploads.InMemory.file_complete

        def completing(self: Any, size: int) -> Any:
            kept.append(self.kept)
            return real(self, size)

        monkeypatch.setattr(uploads.InMemory, "file_complete", completing)
        stranger = Client(enforce_csrf_checks=True)
        stranger.get("/sign-in/")  # where he gets the cookie without which nothing is read at all
        for address in ("/sign-in/", f"/case/{case.pk}/document/", "/"):
            stranger.post(address, {"file": SimpleUploadedFile("a.pdf", PDF)})
        assert kept
        assert set(kept) == {None}


class TestGone:
    def test_taken_away_by_mistake_of_attaching(
        self, cast: Cast, document: Document, django_capture_on_commit_callbacks: Any
    ) -> None:
        client = signed_in(cast.manager)
        page = client.get(f"/document/{document.pk}/remove/")
        with django_capture_on_commit_callbacks(execute=True):
            assert client.post(f"/document/{document.pk}/remove/", hidden(page)).status_code == 302
        with pytest.raises(FileNotFoundError):
            files.read(document.pk)
        document.refresh_from_db()
        assert document.removed_by == cast.manager
        assert "was taken away" in client.get(f"/document/{document.pk}/").content.decode()
        assert client.post(f"/document/{document.pk}/open/", {"purpose": "casework"}).status_code == 200
        assert f"/document/{document.pk}/" not in client.get(f"/case/{document.case_id}/").content.decode()

    def test_nothing_is_taken_away_while_a_hold_stands(self, cast: Cast, document: Document) -> None:
        holds.place_hold(cast.manager, document.case, ground="criminal_case")
        with pytest.raises(Refused, match="legal hold"):
            attaching.remove_document(cast.manager, document)
        assert files.read(document.pk)

    def test_a_lost_or_altered_file_is_told_and_is_no_error(self, cast: Cast, document: Document) -> None:
        client = signed_in(cast.manager)
        blob = files.read(document.pk)
        files.remove(document.pk)
        page = client.post(f"/document/{document.pk}/open/", {"purpose": "casework"})
        assert (page.status_code, "The file is not there" in page.content.decode()) == (422, True)
        files.write(document.pk, blob[:-1] + bytes([blob[-1] ^ 1]))
        page = client.post(f"/document/{document.pk}/open/", {"purpose": "casework"})
        assert (page.status_code, "was changed since" in page.content.decode()) == (422, True)

    def test_erased_is_told(self, cast: Cast, document: Document) -> None:
        vault.destroy_key(document.subject)
        client = signed_in(cast.manager)
        page = client.post(f"/document/{document.pk}/open/", {"purpose": "casework"})
        assert (page.status_code, "were erased" in page.content.decode()) == (422, True)
        assert "Erased" in client.post(f"/document/{document.pk}/title/", {"purpose": "casework"}).content.decode()
