"""Settings: one TOML file (``lawsearch.toml``), overridden by environment variables (``LAWSEARCH_PORT=9000``)."""

from __future__ import annotations

import json
import os
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, FilePath, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource
from pydantic_settings import SettingsError as SourceError

from lawsearch.errors import SettingsError


def _cache_dir() -> Path:
    """The user's cache directory, as each system has it."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "lawsearch"


class IndexSettings(BaseModel):
    """Where nearest vectors are looked for: the table ``[index]``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    backend: Literal["faiss", "milvus"] = Field(
        "faiss",
        description="What looks for the nearest vectors. faiss: files of the index on this machine; milvus: a Milvus "
        "server or cluster, see docs/scale.md.",
    )
    uri: str = Field(
        "",
        validate_default=True,
        description="Where Milvus is: http://HOST:PORT, https://HOST:PORT for TLS, or a file NAME.db for milvus-lite.",
    )
    token: SecretStr = Field(
        SecretStr(""), description="What Milvus asks for: USER:PASSWORD or an API key; or nothing."
    )
    ca_file: FilePath | None = Field(
        None, description="Certificates (PEM) that Milvus's may be signed by; empty: those that gRPC brings."
    )
    name: str = Field(
        "lawsearch",
        pattern=r"^[A-Za-z_]\w*$",
        description="What its aliases and collections in Milvus begin with; one for each index.",
    )
    replicas: int = Field(1, ge=1, description="How many times Milvus holds what is searched in memory.")

    @field_validator("uri")
    @classmethod
    def _understood(cls, value: str, info: ValidationInfo) -> str:
        parts = urlsplit(value)
        address = parts.scheme in ("http", "https") and parts.hostname
        if info.data.get("backend") == "milvus" and not (address or value.endswith(".db")):
            raise ValueError("backend = milvus needs http://HOST:PORT, https://HOST:PORT or NAME.db")
        if parts.username or parts.password:
            raise ValueError("a password belongs into token")
        return value


class Settings(BaseSettings):
    """Every setting with its default. ``docs/settings.md`` is written from these descriptions."""

    model_config = SettingsConfigDict(env_prefix="LAWSEARCH_", env_nested_delimiter="__", extra="forbid", frozen=True)

    index_dir: Path = Field(Path("index"), description="Where the store and the built generations lie.")
    catalogue_dir: Path = Field(Path("corpus/catalogue"), description="The catalogue of instruments (TOML files).")
    topics_dir: Path = Field(Path("corpus/topics"), description="The taxonomy of topics (TOML files).")
    cache_dir: Path = Field(
        default_factory=_cache_dir,
        description="Where unpacked models and what OCR has read lie; by default the user's cache.",
    )
    multilingual_model: str = Field(
        "",
        description="A sentence-transformers model by name or folder for all languages; empty: multilingual-e5-small.",
    )
    multilingual_prefix: str = Field("query: ", description="What that model wants before every text.")
    english_model: str = Field(
        "", description="A second model for pairs of English texts; empty: all-MiniLM-L6-v2; 'none': no second model."
    )
    precision: Literal["auto", "int8", "float32"] = Field(
        "auto",
        description="What models calculate in. int8: by onnxruntime, several times as fast; float32: by torch, the "
        "reference; auto: int8 where it can be had.",
    )
    batch_size: int = Field(16, ge=1, le=1024, description="Windows of text embedded at once.")
    threads: int = Field(0, ge=0, description="Threads for embedding; 0: as many as there are cores.")
    flat_limit: int = Field(
        50_000, ge=1, description="Vectors up to which search looks at all; above, an IVF-SQ8 index is built."
    )
    index: IndexSettings = IndexSettings()
    keep_generations: int = Field(2, ge=1, description="How many built generations are kept.")
    watched_dirs: tuple[Path, ...] = Field(
        (), description="Folders whose PDFs `lawsearch nightly` reads where they are new or changed."
    )
    fetch_dir: Path | None = Field(
        None,
        description="Where `lawsearch nightly` puts what it fetches from the catalogue's addresses; empty: it fetches "
        "nothing.",
    )
    remove_gone: bool = Field(
        False, description="Whether a file that is gone from a watched folder takes its law out of the index."
    )
    lost_share: float = Field(
        0.2,
        ge=0,
        le=1,
        description="Share of its provisions that a law may lose in a night; above, the night fails and says so.",
    )
    gold_dir: Path | None = Field(
        None, description="A gold table with `floors.toml`: a new index below its floors is not served."
    )
    host: str = Field("127.0.0.1", description="Address the server listens on.")
    port: int = Field(8000, ge=0, le=65535, description="Port the server listens on; 0: any free one.")
    hosts: tuple[str, ...] = Field(
        (),
        description="Names by which the server may be addressed, besides this machine's; empty: any name where it "
        "listens for others or has a token, else only this machine's.",
    )
    cors_origins: tuple[str, ...] = Field((), description="Origins allowed to call the API from a browser; none.")
    token: SecretStr = Field(
        SecretStr(""),
        description="What writing (decisions, workspaces) needs, 16 characters or more; empty: nobody may write unless "
        "the server listens on this machine only.",
    )
    open_reading: bool = Field(True, description="Whether reading is free where writing needs the token.")
    max_text: int = Field(20_000, ge=100, description="Longest clause or query accepted, in characters.")
    max_results: int = Field(50, ge=1, description="Most hits for each jurisdiction that a request may ask for.")

    ca_file: FilePath | None = Field(
        None,
        description="Certificates (PEM) that are trusted besides those of the system, to fetch texts and send reports.",
    )
    fetch_contact: str = Field(
        "", description="An address or a site that goes with every request for a text, so that its server can complain."
    )
    fetch_private: bool = Field(
        False, description="Whether texts may be fetched from addresses in this machine's own network."
    )
    webhook_url: SecretStr = Field(
        SecretStr(""), description="Where the report of a night is posted as JSON; empty: nowhere."
    )
    webhook_secret: SecretStr = Field(
        SecretStr(""), description="What such a post is signed with (HMAC-SHA256); empty: it is not signed."
    )
    smtp_tls: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="How the connection to the mail server is secured; none: not at all, and no password."
    )
    smtp_host: str = Field("", description="The mail server that takes the report of a night; empty: no mail.")
    smtp_port: int = Field(587, ge=1, le=65535, description="Its port; with smtp_tls = tls usually 465.")
    smtp_user: str = Field("", description="The name that mail is sent with; empty: without a password.")
    smtp_password: SecretStr = Field(SecretStr(""), description="Its password.")
    mail_from: str = Field("", description="Whom mail comes from.")
    mail_to: tuple[str, ...] = Field((), description="Whom mail goes to.", validate_default=True)
    metrics: bool = Field(True, description="Whether the server has /metrics, for whom may read.")
    healthy_hours: float = Field(
        0,
        ge=0,
        description="Hours after the last good run from which /healthz answers 503; 0: the age is not looked at.",
    )
    log_format: Literal["text", "json"] = Field(
        "text", description="Lines of the log for people, or one JSON object each."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "warning", description="What is logged; info: every request, too, without its words."
    )

    @field_validator("webhook_url")
    @classmethod
    def _reachable(cls, value: SecretStr) -> SecretStr:
        # The message must not repeat it: whoever has the address may post to it.
        parts = urlsplit(value.get_secret_value())
        if value.get_secret_value() and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValueError("is not an http or https address")
        return value

    @field_validator("smtp_user")
    @classmethod
    def _in_secret(cls, value: str, info: ValidationInfo) -> str:
        if value and info.data.get("smtp_tls") == "none":
            raise ValueError("smtp_tls = none would send the password for all to see")
        return value

    @field_validator("mail_to")
    @classmethod
    def _complete(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if info.data.get("smtp_host") and not (value and info.data.get("mail_from")):
            raise ValueError("smtp_host needs mail_from and mail_to")
        return value

    @field_validator("token")
    @classmethod
    def _long_enough(cls, value: SecretStr) -> SecretStr:
        if 0 < len(value.get_secret_value()) < 16:
            raise ValueError("a token needs 16 characters or more")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is pydantic's
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments win over the environment, the environment over the file."""
        file = Path(os.environ.get("LAWSEARCH_CONFIG", "lawsearch.toml"))
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, file)

    @property
    def store_path(self) -> Path:
        return self.index_dir / "store.db"

    @property
    def desk_path(self) -> Path:
        return self.index_dir / "desk.db"

    @property
    def embeddings_path(self) -> Path:
        return self.index_dir / "embeddings.db"

    @property
    def folders(self) -> tuple[Path, ...]:
        """Every folder that is named here."""
        named = (self.index_dir, self.cache_dir, self.catalogue_dir, self.topics_dir, self.fetch_dir, self.gold_dir)
        return (*self.watched_dirs, *filter(None, named))


def described(model: type[BaseModel] = Settings, table: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every setting by its name in the file, those of a table with the table's before a dot."""
    for name, field in model.model_fields.items():
        if isinstance(field.default, BaseModel):
            yield from described(type(field.default), f"{name}.")
        else:
            yield table + name, field


def markdown() -> str:
    """The table of docs/settings.md."""
    rows = ["| setting | environment | default | what it does |", "| --- | --- | --- | --- |"]
    for name, field in described():
        default = "the user's cache" if name == "cache_dir" else json.dumps(field.default, default=str)
        variable = f"LAWSEARCH_{name.upper().replace('.', '__')}"
        rows.append(f"| `{name}` | `{variable}` | `{default}` | {field.description} |")
    return "\n".join(rows) + "\n"


def load_settings(**given: object) -> Settings:
    """The settings in force. Raises SettingsError naming the field that is wrong, or the file that cannot be read."""
    config = os.environ.get("LAWSEARCH_CONFIG")
    if config and not Path(config).is_file():
        raise SettingsError(f"LAWSEARCH_CONFIG names {config}, which is not a file", "Correct or unset it")
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(p) for p in first["loc"])
        raise SettingsError(
            f"setting {name!r}: {first['msg']}", "See docs/settings.md for what each setting takes"
        ) from None
    except SourceError as error:
        # Lists in environment variables are JSON; the message names the field.
        raise SettingsError(str(error), 'Write a list as JSON: ["http://localhost:3000"]') from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{config or 'lawsearch.toml'} is not valid TOML: {error}") from None
