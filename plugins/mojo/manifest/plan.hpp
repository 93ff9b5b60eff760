#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <cdctl/error.hpp>
#include <cdctl/time.hpp>

#include "plugins/mojo/collect/file.hpp"
#include "plugins/mojo/manifest/manifest.hpp"
#include "plugins/mojo/manifest/phase_table.hpp"
#include "plugins/mojo/spec/procfile.hpp"
#include "plugins/mojo/spec/stage.hpp"
#include "plugins/mojo/text/words.hpp"

namespace cdctl::mojo {

/// One phase, ready to run.
struct PlannedStep {
  const PhaseRule* rule = nullptr;
  std::string path;  ///< of the manifest, relative to the spec: an include has its own
  std::size_t line = 0;
  std::size_t number = 0;            ///< from 1, in the whole plan
  std::vector<PhaseOption> options;  ///< as written and in that order, variables expanded
  std::string config;  ///< the file's name as it was asked for, or its default; empty without one
  std::filesystem::path file;  ///< where it was found; empty when the plan looks for no files
  std::map<std::string, std::string>
      words;  ///< NAME=value of the line and of its includes, for its script
  Millis timeout = std::chrono::minutes(30);

  [[nodiscard]] PhaseKind kind() const { return rule->kind; }
  /// The last value of an option, `--key` included; nullptr without one.
  [[nodiscard]] const std::string* value(std::string_view key) const;
  /// An option whose type the plan has checked.
  [[nodiscard]] bool flag(std::string_view key, bool otherwise) const;
  [[nodiscard]] Millis seconds(std::string_view key, Millis otherwise) const;
  /// `manifest:12: script check.py`, for progress and errors.
  [[nodiscard]] std::string where() const;
};

/// A manifest with its includes, checked.
struct Plan {
  std::string manifest;            ///< relative to the spec
  std::vector<PlannedStep> steps;  ///< empty of those with problems
  std::vector<Problem> warnings;
  std::vector<Problem> problems;  ///< all of them; nothing may run when there is one
};

/// Where a plan looks for things, and how strict it is.
struct PlanOptions {
  const Stage& stage;
  std::filesystem::path trunk;         ///< checkout of the trunk; empty when there is none
  Lookup variables;                    ///< for ${NAME} in option values
  std::filesystem::path secrets = {};  ///< folder of `local=` files; empty = not looked for
  bool check_files = true;  ///< false: only the language is checked, and `include` files are read
  bool lenient = false;     ///< unknown options are warnings
  bool procfile_later = false;  ///< a Procfile that is not there can come with the collect phase
  Millis timeout = std::chrono::minutes(30);  ///< of phases without a `timeout`
};

/// Reads the manifest `name` and checks all of it before anything runs: grammar, phases, options,
/// variables, and that every file it names is there and fits its phase (executable, with a known
/// interpreter; a readable collect file).
[[nodiscard]] Plan make_plan(const PlanOptions& options, const std::string& name);
/// The same for text that is not a file, as of a phase given on the command line.
[[nodiscard]] Plan plan_text(const PlanOptions& options, std::string_view text,
                             const std::string& shown);

/// Whether a `config` of deploy names a Procfile rather than a bundle: by its name, as editors do.
[[nodiscard]] bool names_procfile(std::string_view config);

/// Why the kernel would not run this file; empty when it would.
[[nodiscard]] std::string not_runnable(const std::filesystem::path& file);
/// Whole seconds from `least` to a week.
[[nodiscard]] std::optional<Millis> parse_seconds(std::string_view text, std::int64_t least);

/// The entries of a Procfile on disk, `shown` in messages.
[[nodiscard]] std::vector<ProcfileEntry> load_procfile(const std::filesystem::path& file,
                                                       const std::string& shown,
                                                       std::vector<Problem>& problems);
[[nodiscard]] std::vector<CollectLine> load_collect_file(const std::filesystem::path& file,
                                                         const std::string& shown,
                                                         std::vector<Problem>& problems,
                                                         std::vector<Problem>& warnings);
/// The names of a `repo` or `builddeps` file: one a line, # starts a comment.
[[nodiscard]] std::vector<std::string> load_names(const std::filesystem::path& file,
                                                  const std::string& shown,
                                                  std::vector<Problem>& problems);

}  // namespace cdctl::mojo
