"""Whom to trust: certificates of the system and, where a network has its own authority, those of a file."""

from __future__ import annotations

import ssl
from pathlib import Path

import httpx2

from lawsearch.errors import SettingsError


def trusting(ca_file: Path | None) -> ssl.SSLContext:
    """A context that verifies certificates and names, against the system's authorities and those of ``ca_file`` (PEM).

    Raises SettingsError where the file cannot be used."""
    context = httpx2.create_ssl_context()
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=str(ca_file))
        except OSError as error:
            reason = error.strerror or "it holds no certificate"
            raise SettingsError(f"setting 'ca_file': {ca_file}: {reason}", "Name a file of PEM certificates") from None
    return context
