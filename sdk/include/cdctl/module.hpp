#pragma once

#include <filesystem>

#include <cdctl/error.hpp>

namespace cdctl {

/// Whether only root and ourselves can write to `path`; exit code `config` with the reason if not.
[[nodiscard]] Result<> only_ours_to_write(const std::filesystem::path& path);

/// A shared library that was opened at run time: a plugin, or a module of ours that a few commands
/// alone need. Whoever opens one has it to the end of the process, for it is never closed: its code
/// and data stay valid. Copies are of the same library.
class Module {
 public:
  /// When the functions that a library calls are looked for. A plugin's must be there when it is
  /// opened; a module of ours is built with us, and opens faster without.
  enum class Binding { at_open, at_call };

  /// Opens `file` when nobody else can write to it. Exit code `config`: the reason, which names the
  /// file.
  [[nodiscard]] static Result<Module> open(const std::filesystem::path& file, Binding binding);

  /// The address of what the library exports by that name, or nullptr.
  [[nodiscard]] void* find(const char* symbol) const;
  /// A function that it must export. Exit code `config` when it does not.
  template <class Function>
  [[nodiscard]] Result<Function*> function(const char* symbol) const {
    if (void* const found = find(symbol)) return reinterpret_cast<Function*>(found);
    return fail(ExitCode::config, file_.string() + " is not a module of this version");
  }

 private:
  Module(std::filesystem::path file, void* library) : file_(std::move(file)), library_(library) {}

  std::filesystem::path file_;
  void* library_;
};

/// A function of a module of ours. `what` names the module for people: `the module that listens`.
template <class Function>
[[nodiscard]] Result<Function*> module_function(const std::filesystem::path& file,
                                                const char* symbol, std::string_view what) {
  const auto refuse = [&](const Error& error) {
    return fail(ExitCode::config, std::string(what) + " cannot be used: " + error.what);
  };
  const auto module = Module::open(file, Module::Binding::at_call);
  if (!module) return refuse(module.error());
  const auto found = module->template function<Function>(symbol);
  if (!found) return refuse(found.error());
  return *found;
}

}  // namespace cdctl
