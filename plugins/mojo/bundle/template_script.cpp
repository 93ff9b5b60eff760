#include "plugins/mojo/bundle/template_script.hpp"

namespace cdctl::mojo {

// RLIMIT_CPU is no bound of its own but a last one, should the parent die: the parent's deadline is
// what counts.
const std::string_view k_template_script = R"py(
import json, os, resource, sys

def answer(status, findings):
    sys.stdout.buffer.write(json.dumps(findings).encode())
    sys.stdout.buffer.flush()
    os._exit(status)

def limit(what, most):
    hard = resource.getrlimit(what)[1]
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    resource.setrlimit(what, (most, most))

def finding(file, line, what, kind="problem"):
    return {"file": file, "line": line or 0, "what": what, "kind": kind}

class Refused(Exception):
    pass

def make_loader(ask, texts):
    import jinja2
    root = os.path.realpath(ask["root"])

    def find(name):
        if name.startswith("/") or ".." in name.split("/"):
            raise Refused("'%s' is not below the spec's top" % name)
        for folder in ask["folders"]:
            path = os.path.join(folder, name)
            if not os.path.lexists(path):
                continue
            real = os.path.realpath(path)
            if real != root and not real.startswith(root.rstrip("/") + "/"):
                raise Refused("'%s' is a link that leads out of the spec" % name)
            if not os.path.isfile(real):
                raise Refused("'%s' is no file" % name)
            if os.path.getsize(real) > ask["largest"]:
                raise Refused("'%s' is larger than %d MiB" % (name, ask["largest"] >> 20))
            with open(real, encoding="utf-8") as file:
                try:
                    return file.read()
                except UnicodeDecodeError:
                    raise Refused("'%s' is not UTF-8" % name) from None
        return None

    class Loader(jinja2.BaseLoader):
        def get_source(self, environment, name):
            if name not in texts:
                text = find(name)
                if text is None:
                    raise jinja2.TemplateNotFound(name)
                texts[name] = text
            return texts[name], name, lambda: True

    return Loader()

def make_environment(ask, texts):
    import jinja2, jinja2.sandbox
    return jinja2.sandbox.SandboxedEnvironment(
        loader=make_loader(ask, texts), undefined=jinja2.StrictUndefined, keep_trailing_newline=True, auto_reload=False)

def place(error, texts, otherwise):
    import traceback
    found = (otherwise, 0)
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename in texts:
            found = (frame.filename, frame.lineno)
    return found

def explain(error):
    import jinja2
    if isinstance(error, jinja2.TemplatesNotFound):
        return "none of these is in the spec: " + ", ".join(map(str, error.templates))
    if isinstance(error, jinja2.TemplateNotFound):
        return "there is no '%s' in the spec" % error.name
    if isinstance(error, RecursionError):
        return "templates or macros call each other without end"
    # The text of other errors may quote a value, and a value may be a secret.
    if isinstance(error, (Refused, jinja2.TemplateError, TypeError, ZeroDivisionError)):
        return str(error)
    return "it fails with a %s" % type(error).__name__

def hushed(text, ask):
    for value in sorted(ask["secrets"], key=len, reverse=True):
        text = text.replace(value, "***")
    return text

def render(ask):
    import jinja2
    name = ask["shown"]
    texts = {name: ask["text"]}
    environment = make_environment(ask, texts)
    pieces, size = [], 0
    try:
        for piece in environment.get_template(name).generate(ask["variables"]):
            size += len(piece.encode("utf-8", "surrogatepass"))
            if size > ask["most"]:
                raise Refused("it renders to more than %d MiB" % (ask["most"] >> 20))
            pieces.append(piece)
        out = "".join(pieces).encode("utf-8")
    except jinja2.TemplateSyntaxError as error:
        answer(10, [finding(error.name or name, error.lineno, hushed(error.message or "a syntax error", ask))])
    except MemoryError:
        raise
    except Exception as error:
        file, line = place(error, texts, name)
        answer(10, [finding(file, line, hushed(explain(error), ask))])
    sys.stdout.buffer.write(out)
    sys.stdout.buffer.flush()
    os._exit(0)

def guarded(tree):
    from jinja2 import nodes
    names = set()
    for test in tree.find_all(nodes.Test):
        if test.name in ("defined", "undefined") and isinstance(test.node, nodes.Name):
            names.add(test.node.name)
    for filter in tree.find_all(nodes.Filter):
        if filter.name in ("default", "d") and isinstance(filter.node, nodes.Name):
            names.add(filter.node.name)
    return names

def first_lines(tree):
    from jinja2 import nodes
    lines = {}
    for name in tree.find_all(nodes.Name):
        if name.ctx == "load":
            lines[name.name] = min(name.lineno, lines.get(name.name, name.lineno))
    return lines

def check(ask):
    import jinja2, jinja2.meta
    environment = jinja2.Environment()
    known = set(ask["known"])
    out = []
    for entry in ask["files"]:
        file = entry["shown"]
        try:
            tree = environment.parse(entry["text"], name=file, filename=file)
            environment.compile(tree, name=file, filename=file)  # unknown filters and tests are found here
            tree = environment.parse(entry["text"], name=file, filename=file)
            lines = first_lines(tree)
            for name in sorted(jinja2.meta.find_undeclared_variables(tree) - known - guarded(tree)):
                out.append(finding(file, lines.get(name), name, "undeclared"))
        except jinja2.TemplateSyntaxError as error:
            out.append(finding(file, error.lineno, error.message or "a syntax error"))
        except MemoryError:
            raise
        except Exception as error:
            out.append(finding(file, 0, explain(error)))
    answer(10, out)

def main(text):
    limit(resource.RLIMIT_CPU, 3600)
    limit(resource.RLIMIT_CORE, 0)
    ask = json.loads(text)
    limit(resource.RLIMIT_AS, ask["memory"])
    try:
        import jinja2
    except ImportError:
        os._exit(11)
    try:
        (check if ask["do"] == "check" else render)(ask)
    except MemoryError:
        os._exit(12)
)py";

}  // namespace cdctl::mojo
