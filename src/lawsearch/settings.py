"""Settings: one TOML file (``lawsearch.toml``), overridden by environment variables (``LAWSEARCH_PORT=9000``)."""

from __future__ import annotations

import os
import sys
import tomllib
from pathlib import Path

from pydantic import Field, SecretStr, ValidationError, field_validator
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


class Settings(BaseSettings):
    """Every setting with its default. ``docs/settings.md`` is written from these descriptions."""

    model_config = SettingsConfigDict(env_prefix="LAWSEARCH_", extra="forbid", frozen=True)

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
    batch_size: int = Field(16, ge=1, le=1024, description="Windows of text embedded at once.")
    threads: int = Field(0, ge=0, description="Threads for embedding; 0: as many as there are cores.")
    flat_limit: int = Field(
        200_000, ge=1, description="Vectors up to which search is exact; above, an IVF-SQ8 index is built."
    )
    keep_generations: int = Field(2, ge=1, description="How many built generations are kept.")
    host: str = Field("127.0.0.1", description="Address the server listens on.")
    port: int = Field(8000, ge=0, le=65535, description="Port the server listens on; 0: any free one.")
    cors_origins: tuple[str, ...] = Field((), description="Origins allowed to call the API from a browser; none.")
    token: SecretStr = Field(
        SecretStr(""),
        description="What writing (decisions, workspaces) needs, 16 characters or more; empty: nobody may write unless "
        "the server listens on this machine only.",
    )
    open_reading: bool = Field(True, description="Whether reading is free where writing needs the token.")
    max_text: int = Field(20_000, ge=100, description="Longest clause or query accepted, in characters.")
    max_results: int = Field(50, ge=1, description="Most hits for each jurisdiction that a request may ask for.")

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
