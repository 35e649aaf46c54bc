"""The compiled definition of an instrument: what an XForm says, as the plain JSON that both engines answer.

The shapes, all JSON:

definition  {"id", "version", "title", "languages": [code, …], "language": code, "root": node, "lists": {id: [item, …]},
            "pages": [[path, …], …]}
node        {"name", "kind": "group" | "repeat" | "field"} and, where it has them:
            "type" (text, integer, decimal, date, select_one, select_multiple, note, calculate, hidden, meta),
            "relevant", "constraint", "required", "calculate" (trees, see `xpath.py`), "default", "preload",
            "appearance", "label", "hint", "constraint_message", "required_message" (texts), "list",
            "filter" (tree), "nodes" (children of groups and repeats)
item        {"name", "label": text, "image", "more": {column: value}}
text        {language: "words" or [part, …]}, where a part is a string or a tree whose value is put in its place

Nodes are addressed by their names from the root down, joined by "/"; the root itself is "".
"""

from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree.ElementTree import Element

from defusedxml import ElementTree

from spean.instruments import xpath
from spean.instruments.profile import language_code

Definition = dict[str, Any]
Node = dict[str, Any]

XF = "{http://www.w3.org/2002/xforms}"
XH = "{http://www.w3.org/1999/xhtml}"
JR = "{http://openrosa.org/javarosa}"
ORX = "{http://openrosa.org/xforms}"

TYPES = {"string": "text", "int": "integer", "decimal": "decimal", "date": "date"}
PRELOADS = {("timestamp", "start"): "start", ("timestamp", "end"): "end", ("date", "today"): "today",
            ("property", "deviceid"): "deviceid", ("uid", ""): "instance"}  # fmt: skip
# What pyxform writes where one language has a text and another has none.
_MISSING = "-"


class NotInProfile(ValueError):
    """The XForm uses what the profile does not allow. `path` is the node, `part` the expression or text it is in."""

    def __init__(self, path: str, part: str, message: str) -> None:
        super().__init__(f"{path or 'the instrument'}: {message}")
        self.path, self.part, self.message = path, part, message


def compile_xform(xform: str) -> Definition:
    """The definition of an XForm; raises NotInProfile for what the profile does not allow."""
    return _Compiler(ElementTree.fromstring(xform.encode(), forbid_dtd=True)).definition()


def walk(node: Node, path: str = "") -> Iterator[tuple[str, Node]]:
    """Every node below this one with its path, in document order."""
    for child in node.get("nodes", ()):
        here = f"{path}/{child['name']}" if path else child["name"]
        yield here, child
        yield from walk(child, here)


def find(definition: Definition, path: str) -> Node:
    """The node at a path; raises KeyError."""
    node = definition["root"]
    for name in path.split("/") if path else ():
        node = next((child for child in node.get("nodes", ()) if child["name"] == name), None)
        if node is None:
            raise KeyError(path)
    return node


def questions(definition: Definition) -> list[tuple[str, Node]]:
    """What somebody can answer."""
    shown = ("text", "integer", "decimal", "date", "select_one", "select_multiple")
    return [(path, node) for path, node in walk(definition["root"]) if node.get("type") in shown]


def text(texts: Mapping[str, Any] | None, language: str, fallback: str = "en") -> Any:
    """A text in a language: words, or parts with trees in them. Where it is missing, the fallback's, then any."""
    if not texts:
        return ""
    return texts.get(language) or texts.get(fallback) or next(iter(texts.values()))


class _Compiler:
    def __init__(self, tree: Element) -> None:
        head, body = tree.find(f"{XH}head"), tree.find(f"{XH}body")
        model = head.find(f"{XF}model") if head is not None else None
        if head is None or body is None or model is None:
            raise NotInProfile("", "", "this is not an XForm")
        self.title = head.findtext(f"{XH}title", "")
        instances = model.findall(f"{XF}instance")
        self.primary = next(iter(instances[0]))
        self.binds = {bind.get("nodeset", ""): bind for bind in model.findall(f"{XF}bind")}
        self.translations: dict[str, dict[str, Element]] = {}
        self.default = ""
        for translation in model.findall(f"{XF}itext/{XF}translation"):
            code = language_code(translation.get("lang", ""))
            self.translations[code] = {entry.get("id", ""): entry for entry in translation.findall(f"{XF}text")}
            if translation.get("default"):
                self.default = code
        self.default = self.default or next(iter(self.translations), "en")
        self.lists = {found.get("id", ""): self._items(found) for found in instances[1:]}
        self.controls: dict[str, Element] = {}
        self.repeats: dict[str, Element] = {}
        self._collect(body)
        for strange in ("setvalue", "setgeopoint", "action"):
            found = next(iter(model.iter(f"{XF}{strange}")), None)
            if found is not None:
                path = self._path(found.get("ref", ""))
                raise NotInProfile(path, "default", "a default must be a fixed value, not an expression")
        self.body = body

    def definition(self) -> Definition:
        name = self.primary.tag.rpartition("}")[2]
        root: Node = {"name": name, "kind": "group", "nodes": self._children(self.primary, f"/{name}")}
        return {
            "id": self.primary.get("id", ""),
            "version": self.primary.get("version", ""),
            "title": self.title,
            "languages": list(self.translations) or [self.default],
            "language": self.default,
            "root": root,
            "lists": self.lists,
            "pages": self._pages(self.body),
        }

    # -- the model ------------------------------------------------------------------------------------------

    def _children(self, element: Element, path: str) -> list[Node]:
        nodes: list[Node] = []
        for child in element:
            # The template of a repeat comes first, then its first instance, which says nothing more.
            if any(node["name"] == _name(child) for node in nodes):
                continue
            nodes.append(self._node(child, f"{path}/{_name(child)}"))
        return nodes

    def _node(self, element: Element, path: str) -> Node:
        bind = self.binds.get(path)
        attributes: Mapping[str, str] = bind.attrib if bind is not None else {}
        control = self.controls.get(path)
        node: Node = {"name": _name(element)}
        if path in self.repeats:
            node["kind"] = "repeat"
            if self.repeats[path].get(f"{JR}count"):
                raise NotInProfile(self._path(path), "repeat_count", "a repeat is added to by hand, not by a count")
        elif len(element):
            node["kind"] = "group"
        else:
            node["kind"] = "field"
        for part, attribute in (("relevant", "relevant"), ("constraint", "constraint"), ("calculate", "calculate")):
            if attributes.get(attribute):
                node[part] = self._tree(path, part, attributes[attribute])
        if attributes.get("required", "false()") not in ("false()", "false"):
            node["required"] = self._tree(path, "required", attributes["required"])
        for part, attribute in (("constraint_message", "constraintMsg"), ("required_message", "requiredMsg")):
            self._text(node, part, attributes.get(f"{JR}{attribute}"))
        if node["kind"] == "field":
            self._field(node, element, attributes, control, path)
        elif control is not None or path in self.repeats:
            self._describe(node, control if control is not None else self.repeats[path])
        if node["kind"] != "field":
            node["nodes"] = self._children(element, path)
        return node

    def _field(
        self, node: Node, element: Element, attributes: Mapping[str, str], control: Element | None, path: str
    ) -> None:
        default = (element.text or "").strip()
        if default:
            node["default"] = default
        preload = attributes.get(f"{JR}preload")
        if preload:
            kind = PRELOADS.get((preload, attributes.get(f"{JR}preloadParams", "")))
            if kind is None:
                raise NotInProfile(self._path(path), "type", f"{preload} is not in the profile")
            node["type"], node["preload"] = "meta", kind
            return
        stated = attributes.get("type", "string")
        if control is None:
            node["type"] = "calculate" if "calculate" in node else "hidden"
            return
        self._describe(node, control)
        kind = control.tag.removeprefix(XF)
        if kind in ("select1", "select"):
            node["type"] = "select_one" if kind == "select1" else "select_multiple"
            self._choices(node, control, path)
        elif kind == "input" and attributes.get("readonly") == "true()" and stated == "string":
            node["type"] = "note"
        elif kind == "input" and stated in TYPES:
            node["type"] = TYPES[stated]
        else:
            raise NotInProfile(self._path(path), "type", f"{kind} of type {stated} is not in the profile")
        if "calculate" in node and node["type"] != "note":
            raise NotInProfile(self._path(path), "calculation", "only rows of type calculate are calculated")

    def _choices(self, node: Node, control: Element, path: str) -> None:
        itemset = control.find(f"{XF}itemset")
        if itemset is None:
            raise NotInProfile(self._path(path), "type", "its choices stand in no list")
        tree = self._tree(path, "choice_filter", itemset.get("nodeset", ""))
        if not (isinstance(tree, list) and tree[0] == "path" and isinstance(tree[1], list) and len(tree) == 4):
            raise NotInProfile(self._path(path), "type", "its choices stand in no list")
        node["list"] = tree[1][1]
        if len(tree[3]) > 2:
            raise NotInProfile(self._path(path), "choice_filter", "one filter is enough")
        if len(tree[3]) == 2:
            node["filter"] = tree[3][1]

    def _items(self, instance: Element) -> list[dict[str, Any]]:
        items = []
        for entry in instance.iter(f"{XF}item"):
            cells = {_name(child): child.text or "" for child in entry}
            item: dict[str, Any] = {"name": cells.pop("name", "")}
            words = cells.pop("itextId", "")
            if words:
                self._text(item, "label", f"jr:itext('{words}')")
            elif cells.get("label"):
                item["label"] = {self.default: cells.pop("label")}
            if cells:
                item["more"] = cells
            items.append(item)
        return items

    def _tree(self, path: str, part: str, expression: str) -> Any:
        try:
            tree = xpath.read(expression)
            for call in xpath.calls(tree):
                # The question whose choices are meant is written as text; both engines want the path.
                if call[1] == "jr:choice-name" and len(call) == 4 and isinstance(call[3], str):
                    call[3] = xpath.read(call[3])
            return tree
        except xpath.BadExpression as error:
            raise NotInProfile(self._path(path), part, str(error)) from None

    def _path(self, absolute: str) -> str:
        """A path as `walk` gives it: without the root."""
        return absolute.strip().lstrip("/").partition("/")[2]

    # -- what is shown --------------------------------------------------------------------------------------

    def _collect(self, element: Element) -> None:
        for child in element:
            kind = child.tag.removeprefix(XF)
            if kind == "repeat":
                path = child.get("nodeset", "")
                self.repeats[path] = child
                if path not in self.controls:
                    self.controls[path] = element
            elif child.get("ref"):
                self.controls[child.get("ref", "")] = child
            if kind in ("group", "repeat"):
                self._collect(child)

    def _describe(self, node: Node, control: Element) -> None:
        if control.get("appearance"):
            node["appearance"] = control.get("appearance")
        for part in ("label", "hint"):
            found = control.find(f"{XF}{part}")
            if found is not None:
                self._text(node, part, found.get("ref"), found)

    def _text(self, holder: dict[str, Any], part: str, reference: str | None, element: Element | None = None) -> None:
        if reference and reference.startswith("jr:itext("):
            key = reference[len("jr:itext(") :].strip("')\" ")
            found: dict[str, Any] = {}
            for language, entries in self.translations.items():
                entry = entries.get(key)
                for value in entry if entry is not None else ():
                    form = value.get("form")
                    if form == "image":
                        holder["image"] = (value.text or "").removeprefix("jr://images/")
                    elif form is None:
                        words = self._words(value)
                        if words and words != _MISSING:
                            found[language] = words
                    else:
                        raise NotInProfile(key, part, f"a text of the form {form!r} is not in the profile")
            if found:
                holder[part] = found
        elif element is not None:
            words = self._words(element)
            if words:
                holder[part] = {self.default: words}
        elif reference:
            holder[part] = {self.default: reference}

    def _words(self, element: Element) -> Any:
        parts: list[Any] = [element.text or ""]
        for child in element:
            if child.tag != f"{XF}output":
                raise NotInProfile("", "label", f"{child.tag.rpartition('}')[2]} cannot stand in a text")
            parts += [self._tree("", "label", child.get("value", "")), child.tail or ""]
        if len(parts) == 1:
            return str(parts[0]).strip()
        parts[0], parts[-1] = str(parts[0]).lstrip(), str(parts[-1]).rstrip()
        return [part for part in parts if part != ""]

    def _pages(self, element: Element) -> list[list[str]]:
        """Which nodes are shown together: a field-list or a repeat is a page, loose questions in a row are one."""
        pages: list[list[str]] = []
        loose: list[str] = []
        for child in element:
            kind = child.tag.removeprefix(XF)
            reference = child.get("ref") or child.get("nodeset") or ""
            repeat = child.find(f"{XF}repeat") if kind == "group" else None
            own = repeat is not None or "field-list" in (child.get("appearance") or "").split()
            if kind in ("group", "repeat"):
                if loose:
                    pages, loose = [*pages, loose], []
                path = repeat.get("nodeset", "") if repeat is not None else reference
                pages += [[self._path(path)]] if own else self._pages(child)
            elif reference:
                loose.append(self._path(reference))
        return [*pages, loose] if loose else pages


def _name(element: Element) -> str:
    # meta and its fields stand in a namespace of their own in some XForms; their names are the same.
    return element.tag.rpartition("}")[2]
