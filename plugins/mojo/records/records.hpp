#pragma once

#include <array>

#include <cdctl/record.hpp>

// The records of `cdctl mojo …`.

namespace cdctl::mojo {

using records::ColumnRow;
using records::head;
using records::optional;
using records::RecordRow;
using records::required;
using records::Show;

struct PhaseRecord {
  static constexpr ColumnRow k_columns[] = {
      {"MANIFEST", "path", Show::text, false, 16},  {"LINE", "line", Show::text, false, 5},
      {"PHASE", "phase", Show::text, false, 15},    {"STATE", "state", Show::text, false, 8},
      {"WALL", "wall_ms", Show::millis, false, 10}, {"OPTIONS", "options", Show::pairs}};
  static constexpr RecordRow k_head =
      head("cdctl.phase/1", "One phase of a Mojo manifest: as planned, or with `state` as it went",
           k_columns, true);

  std::string path;
  std::int64_t line = 0;
  std::string phase;
  std::vector<std::vector<std::string>> options;
  std::string state;
  std::optional<bool> ok;
  std::optional<double> wall_ms;
  std::optional<std::int64_t> cpu_ms;
  std::optional<Time> time;
  std::optional<std::string> error;
  std::optional<std::int64_t> exit;
  std::optional<std::vector<std::string>> tail;

  static constexpr auto rows() {
    return std::tuple{
        required("path", &PhaseRecord::path, "text"),
        required("line", &PhaseRecord::line, "integer >= 1"),
        required("phase", &PhaseRecord::phase, "text"),
        required("options", &PhaseRecord::options, "pairs",
                 "in order, each [key, value]; secrets are masked"),
        optional("state", &PhaseRecord::state, "one of running done stopped failed"),
        optional("ok", &PhaseRecord::ok, "flag"),
        optional("wall_ms", &PhaseRecord::wall_ms, "number >= 0"),
        optional("cpu_ms", &PhaseRecord::cpu_ms, "integer >= 0"),
        optional("time", &PhaseRecord::time, "time"),
        optional("error", &PhaseRecord::error, "text"),
        optional("exit", &PhaseRecord::exit, "integer"),
        optional("tail", &PhaseRecord::tail, "list to 20 of text", "the last lines that it wrote")};
  }
};

struct CollectRecord {
  static constexpr ColumnRow k_columns[] = {{"FILE", "path"},
                                            {"LINE", "line"},
                                            {"DESTINATION", "destination"},
                                            {"SOURCE", "source"},
                                            {"OPTIONS", "options", Show::pairs}};
  static constexpr RecordRow k_head =
      head("cdctl.collect/1", "One line of a collect file", k_columns);

  std::string path;
  std::int64_t line = 0;
  std::string destination, source;
  std::vector<std::vector<std::string>> options;

  static constexpr auto rows() {
    return std::tuple{required("path", &CollectRecord::path, "text"),
                      required("line", &CollectRecord::line, "integer >= 1"),
                      required("destination", &CollectRecord::destination, "text"),
                      required("source", &CollectRecord::source, "text"),
                      required("options", &CollectRecord::options, "pairs")};
  }
};

/// An option that a kind of phase takes.
struct PhaseKindOption {
  std::string name, type, from, summary;

  static constexpr auto rows() {
    return std::tuple{required("name", &PhaseKindOption::name, "text"),
                      required("type", &PhaseKindOption::type, "text"),
                      required("from", &PhaseKindOption::from, "one of mojo cdctl"),
                      required("summary", &PhaseKindOption::summary, "text")};
  }
};

struct PhaseKindRecord {
  static constexpr ColumnRow k_columns[] = {{"PHASE", "name"},
                                            {"OPTIONS", "options", Show::names},
                                            {"FILE", "default"},
                                            {"DOES", "summary"}};
  static constexpr RecordRow k_head =
      head("cdctl.phase-kind/1", "A phase that manifests can have", k_columns);

  std::string name, default_file;
  bool words = false;
  std::vector<PhaseKindOption> options;
  std::string summary;

  static constexpr auto rows() {
    return std::tuple{required("name", &PhaseKindRecord::name, "text"),
                      required("default", &PhaseKindRecord::default_file, "text or null",
                               "the file that it reads"),
                      required("words", &PhaseKindRecord::words, "flag"),
                      required("options", &PhaseKindRecord::options, "list of object"),
                      required("summary", &PhaseKindRecord::summary, "text")};
  }
};

struct FindingRecord {
  static constexpr ColumnRow k_columns[] = {{"SEVERITY", "severity"},
                                            {"FILE", "path"},
                                            {"LINE", "line"},
                                            {"RULE", "rule", Show::blank},
                                            {"FIXED", "fixed", Show::yes},
                                            {"MESSAGE", "message", Show::blank}};
  static constexpr RecordRow k_head =
      head("cdctl.finding/1", "One thing that lint found in a spec", k_columns);

  std::string path;
  std::optional<std::int64_t> line, column;
  std::string severity, rule, message;
  bool fixable = false, fixed = false;

  static constexpr auto rows() {
    return std::tuple{required("path", &FindingRecord::path, "text"),
                      required("line", &FindingRecord::line, "integer >= 1 or null"),
                      required("column", &FindingRecord::column, "integer >= 1 or null"),
                      required("severity", &FindingRecord::severity, "one of error warning"),
                      required("rule", &FindingRecord::rule, "word"),
                      required("message", &FindingRecord::message, "text"),
                      required("fixable", &FindingRecord::fixable, "flag"),
                      required("fixed", &FindingRecord::fixed, "flag")};
  }
};

struct LintRuleRecord {
  static constexpr ColumnRow k_columns[] = {{"RULE", "name"},
                                            {"SEVERITY", "severity"},
                                            {"FIXABLE", "fixable", Show::yes},
                                            {"FINDS", "summary"}};
  static constexpr RecordRow k_head = head("cdctl.lint-rule/1", "One rule of lint", k_columns);

  std::string name, severity;
  bool fixable = false;
  std::string summary;

  static constexpr auto rows() {
    return std::tuple{required("name", &LintRuleRecord::name, "word"),
                      required("severity", &LintRuleRecord::severity, "one of error warning"),
                      required("fixable", &LintRuleRecord::fixable, "flag"),
                      required("summary", &LintRuleRecord::summary, "text")};
  }
};

/// How the last run in a workspace went: its last phase.
struct LastRun {
  Json state, path, line, phase, time;

  static constexpr auto rows() {
    return std::tuple{
        optional("state", &LastRun::state, "text"), optional("path", &LastRun::path, "text"),
        optional("line", &LastRun::line, "integer"), optional("phase", &LastRun::phase, "text"),
        optional("time", &LastRun::time, "time")};
  }
};

struct WorkspaceRecord {
  static constexpr ColumnRow k_columns[] = {
      {"WORKSPACE", "name"},
      {"PROJECT", "project"},
      {"SERIES", "series"},
      {"STAGE", "stage"},
      {"LAST", "last", Show::phrase, false, 0,
       "last: {last.path}:{last.line} {last.phase} {last.state}\nelse: -"},
      {"SPEC", "spec"},
      {"FOLDER", "folder", Show::text, true}};
  static constexpr RecordRow k_head = head(
      "cdctl.workspace/1", "A workspace of a Mojo project, and how its last run went", k_columns);

  std::string name, project, series;
  Json stage, spec, revision, set;
  bool running = false;
  std::optional<LastRun> last;
  std::string folder;

  static constexpr auto rows() {
    return std::tuple{required("name", &WorkspaceRecord::name, "text"),
                      required("project", &WorkspaceRecord::project, "text"),
                      required("series", &WorkspaceRecord::series, "text"),
                      optional("stage", &WorkspaceRecord::stage, "text or null"),
                      optional("spec", &WorkspaceRecord::spec, "text or null"),
                      optional("revision", &WorkspaceRecord::revision, "text or null"),
                      optional("set", &WorkspaceRecord::set, "text or null"),
                      required("running", &WorkspaceRecord::running, "flag"),
                      optional("last", &WorkspaceRecord::last, "object or null"),
                      required("folder", &WorkspaceRecord::folder, "text")};
  }
};

inline constexpr std::array k_records{
    records::row_of<PhaseRecord>(),     records::row_of<CollectRecord>(),
    records::row_of<PhaseKindRecord>(), records::row_of<FindingRecord>(),
    records::row_of<LintRuleRecord>(),  records::row_of<WorkspaceRecord>()};

}  // namespace cdctl::mojo
