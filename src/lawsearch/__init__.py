"""Finding, matching and comparing corresponding provisions of law across jurisdictions.

Knows instruments, provisions and correspondences; knows nothing of PDFs (see the ``ingest`` package).
"""

__version__ = "0.1.0"
