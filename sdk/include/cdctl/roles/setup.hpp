#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <cdctl/guarded.hpp>

namespace cdctl {

/// Who answers what `cdctl init` asks: the options of its command line, or a person at a terminal.
/// The front end has the one there is; a plugin asks through it.
class Dialogue {
 public:
  virtual ~Dialogue() = default;
  /// What an option of init was given: `broker`, `password-file`.
  [[nodiscard]] virtual std::optional<std::string> option(std::string_view name) const = 0;
  /// Whether a person is there to answer what must be known.
  [[nodiscard]] virtual bool asks() const = 0;
  /// Whether that person is asked for what has a default, too.
  [[nodiscard]] virtual bool asks_all() const = 0;
  [[nodiscard]] virtual Result<std::string> line(std::string_view question,
                                                 std::string_view otherwise) = 0;
  /// The answer is not shown.
  [[nodiscard]] virtual Result<std::string> secret(std::string_view question) = 0;
  virtual void warn(std::string_view line) = 0;
  /// What is said where an option is needed and nobody is there to ask.
  [[nodiscard]] virtual Error missing(std::string_view option) const = 0;
};

/// Where a folder comes from.
struct SourceClue {
  std::string kind, url, branch;
  bool own_work_tree = false;  ///< `url` is the work tree: it has no remote
};

/// What a folder is to a plugin. What it is not is empty.
struct FolderClue {
  std::optional<SourceClue> source;  ///< of the plugin's kind
  std::string engine;                ///< made for this engine's sets
  std::string because;               ///< the file that says so: `bundle.yaml`
  std::string spec;  ///< it says how to deploy another repository: the question where it is itself
};

/// What `init` knows when it is a plugin's turn.
struct SetupService {
  std::string name;
  bool adding = false;    ///< cdctl.toml is there already: only the service's file is new
  bool has_spec = false;  ///< a source `spec` was given
  std::filesystem::path folder = {};  ///< the trunk's files, where they can be looked at
};

/// A file that nobody else may read, such as a password.
struct SecretFile {
  std::filesystem::path path;  ///< below the folder of cdctl.toml
  std::string text;            ///< empty = not written this time
};

/// A plugin's part of a new configuration, with comments. The same answers give the same bytes.
struct SetupText {
  std::string configuration;  ///< its table in cdctl.toml
  std::string head;           ///< lines of the service's file before its tables
  std::string sources;        ///< lines below the trunk in [sources] of the service's file
  std::string service;        ///< its table in the service's file
  std::vector<SecretFile> files;
};

/// What a plugin knows of beginning with it: `cdctl init` looks at the folder, asks and writes with
/// the help of every plugin that offers this.
class Setup {
 public:
  virtual ~Setup() = default;
  /// Reads files and asks local programs; no network.
  [[nodiscard]] FolderClue look(const std::filesystem::path& folder) {
    return guarded_or(FolderClue(), [&] { return do_look(folder); });
  }
  /// Whether an address of a source is of its kind: 0 no, 1 it can be, 2 it is.
  [[nodiscard]] int knows(const std::string& address) const {
    return guarded_or(0, [&] { return do_knows(address); });
  }
  /// Asks what it has to know, and gives its part of the files. Exit code `usage`, `config` or
  /// `refused` where an answer cannot be used.
  [[nodiscard]] Result<SetupText> interview(Dialogue& dialogue, const SetupService& service) {
    return guarded([&] { return do_interview(dialogue, service); });
  }

 protected:
  [[nodiscard]] virtual FolderClue do_look(const std::filesystem::path& folder) {
    (void)folder;
    return {};
  }
  [[nodiscard]] virtual int do_knows(const std::string& address) const {
    (void)address;
    return 0;
  }
  [[nodiscard]] virtual Result<SetupText> do_interview(Dialogue& dialogue,
                                                       const SetupService& service) {
    (void)dialogue, (void)service;
    return SetupText();
  }
};

}  // namespace cdctl
