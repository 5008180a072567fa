"""A form with one file. It stays in memory and goes on from there: it holds who people are, which no disk here may."""

from __future__ import annotations

from typing import Final

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from services.web.sessions import ForgedRequest, check_form

MOST_BYTES: Final = 8 * 1024 * 1024
_OF_THE_FORM: Final = 16 * 1024


class FileTooLarge(Exception):
    """The form says that it has more bytes than a file here may have."""


class _InMemory(MultiPartParser):
    spool_max_size = MOST_BYTES + _OF_THE_FORM


async def posted_file(request: Request, field: str) -> bytes:
    """The bytes of the form's file, empty where none was chosen. Raises ForgedRequest, FileTooLarge."""
    declared = request.headers.get("content-length", "")
    if not declared.isdigit():
        raise HTTPException(411, "a form says how long it is")
    if int(declared) > MOST_BYTES + _OF_THE_FORM:
        # Browsers always say how long a form is, and the server holds them to it.
        raise FileTooLarge
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        # No page of this origin sends such a form, whatever proof it brought.
        raise ForgedRequest
    try:
        form = await _InMemory(request.headers, request.stream(), max_files=1, max_fields=10).parse()
    except MultiPartException as error:
        raise HTTPException(400, error.message) from error
    try:
        check_form(request, form)
        file = form.get(field)
        return await file.read() if isinstance(file, UploadFile) else b""
    finally:
        await form.close()
