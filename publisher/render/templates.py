"""The Jinja2 environment, and its errors told as ours."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from importlib import resources
from pathlib import Path
from types import CodeType
from typing import Any

from babel import Locale
from babel.numbers import format_decimal
from jinja2 import (
    BytecodeCache,
    ChoiceLoader,
    FileSystemLoader,
    PrefixLoader,
    StrictUndefined,
    Template,
    TemplateNotFound,
    TemplatesNotFound,
    TemplateSyntaxError,
    UndefinedError,
    meta,
    pass_context,
    select_autoescape,
)
from jinja2 import TemplateError as JinjaError
from jinja2.bccache import Bucket
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing

from publisher.errors import TemplateError
from publisher.render import filters
from publisher.render.css import inline
from publisher.render.languages import Languages, Translations
from publisher.render.mjml import MjmlFault, mjml_to_html

_SHIPPED = "shipped/"
_EXTENSIONS = ("html", "txt", "css", "js", "j2")


def shipped_folder(package: Path) -> Path:
    """Find the shipped templates: packed into an installed package, beside it in a checkout."""
    packed = package / "templates"
    return packed if packed.is_dir() else package.parent / "templates"


class Templates:
    """Every template that a site can use. ``folder`` is the site's own; it need not exist.

    A template that changes is read again; a template that is new, and what changes in a
    catalog, is found when a new one of these is made. Names are paths within a folder, such as
    "email/digest.html". The ``language`` in a context decides which language a template speaks.
    """

    def __init__(self, folder: Path | None) -> None:
        shipped = shipped_folder(Path(str(resources.files("publisher"))))
        self._roots = {shipped: _SHIPPED} | ({} if folder is None else {folder: ""})
        own = [] if folder is None else [FileSystemLoader(folder)]
        loader = FileSystemLoader(shipped)
        self._loader = ChoiceLoader([PrefixLoader({_SHIPPED.rstrip("/"): loader}), *own, loader])
        self._languages = Languages([shipped] if folder is None else [folder, shipped])
        self._compiled = _Compiled()
        self._environments: dict[Translations, ImmutableSandboxedEnvironment] = {}

    def translated(self, language: str) -> Translations:
        """Give the sentences of a language, for what is not said by a template."""
        return self._languages.translations(language)

    def html(self, name: str, **context: object) -> str:
        """Render an HTML template. Raises TemplateError."""
        return self._render(name, context)

    def mail(self, name: str, **context: object) -> str:
        """Render the HTML of a mail, with its CSS on its elements: of NAME.mjml.j2, else NAME.html.

        Raises TemplateError.
        """
        source = f"{name}.mjml.j2"
        try:
            template, _, _ = self._loader.get_source(self._environment(), source)
        except TemplateNotFound:
            return inline(self.html(f"{name}.html", **context))
        try:
            return inline(mjml_to_html(self._render(source, context)))
        except MjmlFault as error:
            raise TemplateError(source, error.line_in(template), str(error)) from error

    def text(self, name: str, **context: object) -> str:
        """Render a plain text template: no blanks at line ends, at most two empty lines in a row.

        Raises TemplateError.
        """
        lines = (line.rstrip() for line in self._render(name, context).splitlines())
        return re.sub(r"\n{4,}", "\n\n\n", "\n".join(lines)).strip("\n") + "\n"

    def line(self, source: str, **context: object) -> str:
        """Render a template given as text, such as a subject from the config, into one line.

        Raises TemplateError, which names the source instead of a file.
        """
        try:
            template = self._environment(_language(context)).from_string(source)
            return " ".join(template.render(context).split())
        except Exception as error:
            raise TemplateError(source, None, self._reason(error, context)) from error

    def source(self, name: str) -> str | None:
        """Give a template as it is written; None if it cannot be read."""
        try:
            return self._loader.get_source(self._environment(), name)[0]
        except (JinjaError, ValueError, OSError):
            return None

    def check(self) -> list[str]:
        """Read every template and catalog, ours and the site's own; tell each fault."""
        names = self._environment().list_templates(extensions=_EXTENSIONS)
        faults = [fault for name in names for fault in self._faults(name, names)]
        # A shipped template is met by both its names.
        return list(dict.fromkeys([*faults, *self._languages.faults()]))

    def _environment(self, language: str = "en") -> ImmutableSandboxedEnvironment:
        """Give the environment of a language, made when it is first used.

        Each language has its own, since a macro is imported without the context that would
        tell it the language. All of them run the same compiled templates.
        """
        spoken = self.translated(language)
        if spoken not in self._environments:
            self._environments[spoken] = self._made(spoken)
        return self._environments[spoken]

    def _made(self, spoken: Translations) -> ImmutableSandboxedEnvironment:
        # The sandbox bounds neither time nor memory: templates are the operator's own code.
        # It is there so that a template copied from elsewhere reaches nothing but its context.
        made = ImmutableSandboxedEnvironment(
            loader=self._loader,
            undefined=_Unknown,
            autoescape=select_autoescape(
                ["html", "mjml.j2"], default_for_string=False, default=False
            ),
            trim_blocks=True,
            lstrip_blocks=True,
            bytecode_cache=self._compiled,
            extensions=["jinja2.ext.i18n"],
        )
        made.filters |= {
            "below": filters.below,
            "direction": filters.direction,
            "excerpt": filters.excerpt,
            "isolate": filters.isolate,
            "listed": filters.listed,
            "longdate": filters.longdate,
            "shortdate": filters.shortdate,
            "wrap": filters.wrap,
        }
        made.install_gettext_translations(spoken, newstyle=True)  # type: ignore[attr-defined] # by i18n
        for name, place in (("ngettext", 2), ("npgettext", 3)):
            made.globals[name] = _counting(made.globals[name], place, spoken.locale)
        return made

    def _faults(self, name: str, names: list[str]) -> list[str]:
        try:
            self._load(name)
        except TemplateError as error:
            return [str(error)]
        source, _, _ = self._loader.get_source(self._environment(), name)
        used = meta.find_referenced_templates(self._environment().parse(source))
        faults = []
        for other in used:
            if other == name:
                reason = f'it builds on itself; write "{_SHIPPED}{name}" for the shipped one'
                faults.append(str(TemplateError(name, None, reason)))
            elif other is not None and other not in names:
                faults.append(str(TemplateError(name, None, self._absence([other]))))
        return faults

    def _render(self, name: str, context: Mapping[str, object]) -> str:
        template = self._load(name, _language(context))
        try:
            return template.render(context)
        except Exception as error:  # whatever a template makes a filter or a value do
            raise self._told(error, name, context) from error

    def _load(self, name: str, language: str = "en") -> Template:
        try:
            return self._environment(language).get_template(name)
        except (JinjaError, ValueError, OSError) as error:  # ValueError: not UTF-8
            raise self._told(error, name, {}) from error

    def _told(self, error: Exception, name: str, context: Mapping[str, object]) -> TemplateError:
        """Tell an error as ours, at the innermost template line that it passed through."""
        # Jinja gives the traceback a frame for each template line, syntax errors included.
        for frame, line in reversed(list(traceback.walk_tb(error.__traceback__))):
            file = Path(frame.f_code.co_filename)
            for root, prefix in self._roots.items():
                if file.suffix[1:] in _EXTENSIONS and file.is_relative_to(root):
                    inner = prefix + file.relative_to(root).as_posix()
                    return TemplateError(inner, line, self._reason(error, context))
        return TemplateError(name, None, self._reason(error, context))

    def _reason(self, error: Exception, context: Mapping[str, object]) -> str:
        match error:
            case _UnknownName():
                return f"nothing here is called {error.name!r}; there are {_words(context)}"
            case TemplatesNotFound():
                return self._absence(error.templates)
            case TemplateNotFound():
                return self._absence([error.name or ""])
            case TemplateSyntaxError() | UndefinedError() | SecurityError():
                return error.message or "it cannot be used"
            case RecursionError():
                return f'it builds on itself; write "{_SHIPPED}..." for the shipped one'
            case UnicodeDecodeError():
                return f"it is not UTF-8 at byte {error.start}"
        return f"{type(error).__name__}: {error}"

    def _absence(self, names: Sequence[object]) -> str:
        wanted = " nor ".join(str(name) for name in names)
        known = self._environment().list_templates(extensions=_EXTENSIONS)
        folder = wanted.rpartition("/")[0]
        near = [name for name in known if name.rpartition("/")[0] == folder] or known
        return f"there is no template {wanted}; there are {_words(near)}"


def _language(context: Mapping[str, object]) -> str:
    return str(context.get("language", "en"))


class _Compiled(BytecodeCache):
    """Compiled templates, kept in memory for every language."""

    def __init__(self) -> None:
        self._code: dict[str, tuple[str, CodeType | None]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        checksum, code = self._code.get(bucket.key, ("", None))
        if checksum == bucket.checksum:
            bucket.code = code

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._code[bucket.key] = bucket.checksum, bucket.code


def _counting(translate: Any, place: int, locale: Locale) -> Callable[..., Any]:
    """Have a plural function write the number that it counts by as people of the locale do."""

    @pass_context
    def counting(context: Context, *args: Any, **values: Any) -> Any:
        number = format_decimal(args[place], locale=locale)
        return translate(context, *args, **{"num": number} | values)

    return counting


class _UnknownName(UndefinedError):
    """A template used a name that it was not given."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class _Unknown(StrictUndefined):
    """What an unknown name stands for: an error at first use, which tells the known names."""

    def __init__(
        self,
        hint: str | None = None,
        obj: object = missing,
        name: str | None = None,
        exc: type[Exception] = UndefinedError,
    ) -> None:
        is_name = hint is None and obj is missing
        super().__init__(hint, obj, name, _UnknownName if is_name else exc)  # type: ignore[arg-type]

    @property
    def _undefined_message(self) -> str:
        within, name = self._undefined_obj, self._undefined_name
        if self._undefined_hint:
            return self._undefined_hint
        if within is missing:
            return str(name)
        if isinstance(within, Sequence) and not isinstance(within, str):
            return f"there is no item {name!r} in a list of {len(within)}"
        if is_dataclass(within):
            known = [field.name for field in fields(within)]
            return f"{type(within).__name__} has no {name!r}; it has {_words(known)}"
        return f"{type(within).__name__} has no {name!r}"


def _words(names: Mapping[str, object] | Sequence[str]) -> str:
    return ", ".join(sorted(names)) or "none"
