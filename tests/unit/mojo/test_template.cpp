#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <cdctl/fs.hpp>

#include "plugins/mojo/bundle/template.hpp"
#include "tests/support/test_host.hpp"

using namespace cdctl;
using namespace cdctl::mojo;
using cdctl::test::TempDir;
namespace fs = std::filesystem;

namespace {

struct Spec {
  TempDir dir;
  fs::path top = dir.path() / "spec";
  Stage stage{top, "lp/production"};
  std::map<std::string, std::string> environment{
      {"MOJO_OS_VIP01", "10.0.0.1"}, {"series", "from the environment"}, {"not-a-name", "x"}};
  Deadline deadline{Millis(60'000)};
  fs::path python;

  Spec() { fs::create_directories(top / "lp/production"); }
  void write(const std::string& file, std::string_view text) const {
    fs::create_directories((top / file).parent_path());
    REQUIRE(write_file_atomically(top / file, text));
  }
  Result<std::string> render(std::string text) const {
    return mojo::render({std::move(text), "bundle.yaml", top, template_folders(stage),
                         template_variables(stage, "jammy", "/w/local"), environment, deadline,
                         python});
  }
  std::string good(std::string text) const {
    auto out = render(std::move(text));
    INFO((out ? "" : out.error().what));
    REQUIRE(out);
    return *out;
  }
  std::string wrong(std::string text) const {
    auto out = render(std::move(text));
    REQUIRE_FALSE(out);
    CHECK(out.error().exit == ExitCode::config);
    CHECK_FALSE(out.error().what.contains("Traceback"));
    CHECK_FALSE(out.error().what.contains('\n'));
    return out.error().what;
  }
};

std::string join(const std::vector<Problem>& problems) {
  std::string out;
  for (const auto& problem : problems) out += (out.empty() ? "" : "; ") + problem.str();
  return out;
}

}  // namespace

TEST_CASE("a template is told by its marks") {
  CHECK(holds_template("a: {{ b }}"));
  CHECK(holds_template("{% if x %}"));
  CHECK(holds_template("{# c #}"));
  CHECK_FALSE(holds_template("a: {b: {c: d}} }}"));
  CHECK_FALSE(holds_template(""));
}

TEST_CASE("the variables of a spec and of the environment are there, and the spec's win") {
  const Spec spec;
  CHECK(spec.good(
            "{{ series }} {{ stage }} {{ stage_name }} {{ local_dir }} {{ MOJO_OS_VIP01 }}\n") ==
        "jammy lp/production production /w/local 10.0.0.1\n");
  CHECK(template_variables(Stage(spec.top, ""), "s", "l").at("stage_name").empty());
  CHECK(template_variables(Stage(spec.top, "devel"), "s", "l").at("stage_name") == "devel");
}

TEST_CASE(
    "the whole of Jinja2 works: conditions, set, macros, whitespace control, the last line feed") {
  const Spec spec;
  CHECK(spec.good("{%- if stage_name == 'production' or 0 %}\nn: 3\n{%- elif x is defined %}\nn: "
                  "2\n{%- else %}\nn: 1\n{%- endif %}\n") == "\nn: 3\n");
  CHECK(spec.good("{% set p = 'http' %}{% macro m(a, b=2) %}{{ p }}:{{ a }}-{{ b }}{% endmacro "
                  "%}{{ m(1) }} {{ m(3, b=4) }}") == "http:1-2 http:3-4");
  CHECK(spec.good("{% for i in range(3) %}{{ i }},{% endfor %}{{ missing | default('d') }}{{ 'a' | "
                  "upper }}{# gone #}") == "0,1,2,dA");
  CHECK(spec.good("x\n\n") == "x\n\n");
  CHECK(spec.good("").empty());
  CHECK(spec.good("quote \" ' \\ \\n {{ '\\\\' }} ünï \xf0\x9f\x98\x80 \x7f \t\r\n") ==
        "quote \" ' \\ \\n \\ ünï \xf0\x9f\x98\x80 \x7f \t\n");
}

TEST_CASE("includes and imports climb from the stage to the spec's top, and go nowhere else") {
  const Spec spec;
  spec.write("common.j2", "top {{ series }}");
  spec.write("lp/common.j2", "lp {{ series }}");
  spec.write("macros.j2", "{% macro hi(x) %}hi {{ x }}{% endmacro %}");
  spec.write("parts/deep.j2", "deep {% include 'common.j2' %}");
  REQUIRE(write_file_atomically(spec.dir.path() / "outside", "outside"));
  fs::create_symlink("../outside", spec.top / "leak");
  fs::create_symlink("macros.j2", spec.top / "alias");
  CHECK(spec.good("{% include 'common.j2' %}") == "lp jammy");
  CHECK(spec.good("{% include 'parts/deep.j2' %}") == "deep lp jammy");
  CHECK(spec.good("{% import 'alias' as m %}{{ m.hi('you') }}") == "hi you");
  CHECK(spec.good("{% from 'macros.j2' import hi %}{{ hi(1) }}") == "hi 1");
  CHECK(spec.good("{% include 'none' ignore missing %}.") == ".");
  CHECK(spec.wrong("a\n{% include 'none' %}") == "bundle.yaml:2: there is no 'none' in the spec");
  CHECK(spec.wrong("{% include ['none', 'never'] %}") ==
        "bundle.yaml:1: none of these is in the spec: none, never");
  CHECK(spec.wrong("{% include 'leak' %}").contains("'leak' is a link that leads out of the spec"));
  CHECK(spec.wrong("{% include '../outside' %}")
            .contains("'../outside' is not below the spec's top"));
  CHECK(spec.wrong("{% include 'parts/../../outside' %}").contains("is not below the spec's top"));
  CHECK(spec.wrong("{% include '/etc/passwd' %}")
            .contains("'/etc/passwd' is not below the spec's top"));
  CHECK(spec.wrong("{% include 'parts' %}").contains("'parts' is no file"));
}

TEST_CASE("what is wrong has its file and line and no traceback") {
  const Spec spec;
  spec.write("part.j2", "ok\n\n{{ nothing.here }}");
  spec.write("broken.j2", "\n{% if %}");
  CHECK(spec.wrong("a: b\nc: {{ d }}\n") == "bundle.yaml:2: 'd' is undefined");
  CHECK(spec.wrong("{% set d = {} %}\n{{ d.e.f }}") ==
        "bundle.yaml:2: 'dict object' has no attribute 'e'");
  CHECK(spec.wrong("{% include 'part.j2' %}") == "part.j2:3: 'nothing' is undefined");
  CHECK(spec.wrong("x\n{% if a %}\n").starts_with("bundle.yaml:"));
  CHECK(spec.wrong("x\n{% if a %}\n").contains("Unexpected end of template"));
  CHECK(spec.wrong("{% include 'broken.j2' %}").starts_with("broken.j2:2: "));
  CHECK(spec.wrong("\n{{ 'a' | nosuch }}") == "bundle.yaml:2: No filter named 'nosuch'.");
  CHECK(spec.wrong("{{ 1 / 0 }}") == "bundle.yaml:1: division by zero");
  CHECK(spec.wrong("{{ 'a' + 1 }}").starts_with("bundle.yaml:1: can only concatenate str"));
  CHECK(spec.wrong("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}")
            .contains("call each other without end"));
  CHECK(spec.wrong("{{ ''.__class__.__mro__ }}").contains("unsafe"));
}

TEST_CASE(
    "no message holds a variable's value, and the child's argument list and environment hold "
    "nothing") {
  Spec spec;
  spec.environment["TOKEN"] = "hunter2-hunter2";
  CHECK(spec.wrong("{{ {}[TOKEN] }}") == "bundle.yaml:1: 'dict object' has no attribute '***'");
  CHECK(spec.wrong("{% include TOKEN %}") == "bundle.yaml:1: there is no '***' in the spec");
  CHECK(spec.wrong("{{ TOKEN.index('x') }}") == "bundle.yaml:1: it fails with a ValueError");
  const auto fake = spec.dir.path() / "python";
  REQUIRE(write_file_atomically(
      fake,
      "#!/bin/sh\ntr '\\0' ' ' </proc/$$/cmdline\ntr '\\0' ' ' </proc/$$/environ\ncat >/dev/null\n",
      0755));
  spec.python = fake;
  const auto seen = spec.good("{{ TOKEN }}");
  CHECK(seen.contains("-I -"));
  CHECK_FALSE(seen.contains("hunter2"));
  CHECK_FALSE(seen.contains("HOME="));
}

TEST_CASE("a template can take neither the memory nor the time nor fill the disk") {
  Spec spec;
  CHECK(spec.wrong("{% for i in range(90000) %}{{ 'x' * 1000 }}{% endfor %}") ==
        "bundle.yaml: it renders to more than 32 MiB");
  CHECK(spec.wrong("{{ ('x' * 900000000) | length }}") ==
        "rendering bundle.yaml: it needs more than 512 MiB of memory");
  CHECK(spec.wrong(std::string(k_largest_template + 1, ' ')) ==
        "bundle.yaml: a template larger than 4 MiB");
  CHECK(spec.good(std::string(k_largest_template, ' ')).size() == k_largest_template);
  spec.deadline = Deadline(Millis(700));
  const auto slow =
      spec.render("{% for i in range(90000) %}{% for j in range(90000) %}{% endfor %}{% endfor %}");
  REQUIRE_FALSE(slow);
  CHECK(slow.error().exit == ExitCode::timeout);
  CHECK(slow.error().what.starts_with("rendering bundle.yaml: deadline passed after "));
}

TEST_CASE("a missing python3 or Jinja2, or a broken one, is said in one line") {
  Spec spec;
  spec.python = spec.dir.path() / "python3";
  CHECK(spec.wrong("x") ==
        "rendering bundle.yaml: templates need python3, which is not in PATH; install python3 and "
        "python3-jinja2");
  REQUIRE(write_file_atomically(spec.python, "#!/bin/sh\nexec /usr/bin/python3 -S \"$@\"\n",
                                0755));  // without the folder of packages
  CHECK(spec.wrong("x") ==
        "rendering bundle.yaml: templates need Jinja2 for Python; install python3-jinja2");
  REQUIRE(write_file_atomically(spec.python, "#!/bin/sh\necho Traceback >&2\nexit 1\n", 0755));
  const auto broken = spec.render("x");
  REQUIRE_FALSE(broken);
  CHECK(broken.error().what ==
        "rendering bundle.yaml: python3: exit status 1; does `python3 -c 'import jinja2'` work?");
}

TEST_CASE("many templates are checked at once, unrendered, with the variables that nobody gives") {
  const std::vector<NamedTemplate> files{{"good",
                                          "{{ series }}{% set mine = 1 %}{{ mine }}{% for i in "
                                          "range(2) %}{{ loop.index }}{{ i }}{% endfor %}"},
                                         {"syntax", "a\n{% if x %}\n{% endfor %}"},
                                         {"filter", "\n\n{{ series | nosuch }}"},
                                         {"names",
                                          "{{ series }}\n{{ VIP }}\n{{ VIP }}{% if A is defined "
                                          "%}{{ A }}{% endif %}{{ B | default(1) }}{{ b.c }}"},
                                         {"import", "{% import 'macros' as m %}{{ m.x() }}"},
                                         {"sandbox", "{{ ''.__class__ }}{{ 1 / 0 }}"}};
  const auto found = check_templates(files, {"series"}, Deadline(Millis(60'000)));
  INFO((found ? "" : found.error().what));
  REQUIRE(found);
  CHECK(
      join(found->problems) ==
      "syntax:3: Encountered unknown tag 'endfor'. Jinja was looking for the following tags: "
      "'elif' or 'else' or 'endif'. "
      "The innermost block that needs to be closed is 'if'.; filter:3: No filter named 'nosuch'.");
  CHECK(join(found->undeclared) == "names:2: VIP; names:3: b");
  const auto none = check_templates({}, {}, Deadline(Millis(0)));
  REQUIRE(none);
  CHECK(none->problems.empty());
}
