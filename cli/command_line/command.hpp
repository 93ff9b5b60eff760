#pragma once

#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include <cdctl/args.hpp>
#include <cdctl/rows.hpp>

namespace cdctl::cli {

class Context;

using Option = plugin::OptionRow;

/// What a command needs before it runs, so that a cheap command pays for nothing.
enum class Needs { nothing, config };

/// One command: help, command line, completion and the manual are made from this row.
struct Command {
  std::string_view name;
  std::string_view arguments;  ///< `[SERVICE…]`
  std::string_view summary;
  std::string_view examples;  ///< two lines or more, each a command
  std::string_view reads, writes;
  std::span<const Option> options;
  Needs needs = Needs::config;
  int (*run)(Context&, const Arguments&) = nullptr;
  bool hidden = false;
  std::string_view formats =
      {};  ///< of -o, instead of the usual ones; the first is what a terminal shows
};

/// The commands of the front end, in the order of the help.
[[nodiscard]] std::span<const Command> commands();
/// The options that every command takes.
[[nodiscard]] std::span<const Option> global_options();
/// The global options as this command has them.
[[nodiscard]] std::vector<Option> global_options_of(const Command& command);
/// A command's own options, and then those.
[[nodiscard]] std::vector<Option> all_options_of(const Command& command);
/// What can stand where no command is named: the global options, and `--version`.
[[nodiscard]] std::span<const Option> leading_options();

// One file a command: commands/NAME.cpp
int run_outdated(Context&, const Arguments&);
int run_deploy(Context&, const Arguments&);
int run_ls(Context&, const Arguments&);
int run_diff(Context&, const Arguments&);
int run_inspect(Context&, const Arguments&);
int run_signal(Context&, const Arguments&);
int run_signals(Context&, const Arguments&);
int run_history(Context&, const Arguments&);
int run_log(Context&, const Arguments&);
int run_logs(Context&, const Arguments&);
int run_probe(Context&, const Arguments&);
int run_timeline(Context&, const Arguments&);
int run_top(Context&, const Arguments&);
int run_look(Context&, const Arguments&);
int run_trip(Context&, const Arguments&);
int run_break(Context&, const Arguments&);
int run_mend(Context&, const Arguments&);
int run_want(Context&, const Arguments&);
int run_scale(Context&, const Arguments&);
int run_force(Context&, const Arguments&);
int run_notify(Context&, const Arguments&);
int run_metrics(Context&, const Arguments&);
int run_hold(Context&, const Arguments&);
int run_resume(Context&, const Arguments&);
int run_retire(Context&, const Arguments&);
int run_stale(Context&, const Arguments&);
int run_reap(Context&, const Arguments&);
int run_propose(Context&, const Arguments&);
int run_review(Context&, const Arguments&);
int run_proposals(Context&, const Arguments&);
int run_gate(Context&, const Arguments&);
int run_verify(Context&, const Arguments&);
int run_land(Context&, const Arguments&);
int run_init(Context&, const Arguments&);
int run_config(Context&, const Arguments&);
int run_doctor(Context&, const Arguments&);
int run_plugins(Context&, const Arguments&);
int run_version(Context&, const Arguments&);
int run_completion(Context&, const Arguments&);
int run_complete(Context&, const Arguments&);
int run_manifest(Context&, const Arguments&);
int run_man(Context&, const Arguments&);
int run_schemas(Context&, const Arguments&);

}  // namespace cdctl::cli
