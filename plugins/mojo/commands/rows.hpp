#pragma once

#include <array>

#include <cdctl/plugin.hpp>

#include "plugins/mojo/commands/commands.hpp"

// The rows of `cdctl mojo …`. Included by plugin.cpp alone: the descriptor needs their number.

namespace cdctl::mojo {

using plugin::CommandRow;
using plugin::OptionRow;

constexpr OptionRow k_root{
    "mojo-root", "FOLDER", "of projects and secrets (MOJO_ROOT; ~/.local/share/mojo)",
    false,       false,    'r'};
constexpr OptionRow k_project{"project", "NAME", "(MOJO_PROJECT)", false, false, 'p'};
constexpr OptionRow k_series{"series", "NAME", "(MOJO_SERIES)", false, false, 's'};
constexpr OptionRow k_stage{"stage", "STAGE",
                            "a folder of the spec whose files come first (MOJO_STAGE)", false};
constexpr OptionRow k_workspace{"workspace", "NAME", "(MOJO_WORKSPACE)", false};
constexpr OptionRow k_manifest{"manifest", "FILE", "of the spec; default: manifest",
                               false,      false,  'm'};
constexpr OptionRow k_engine{"engine", "NAME", "where units run; default: local", false};
constexpr OptionRow k_lenient{"lenient", "", "unknown options are warnings", false};
constexpr OptionRow k_phase_timeout{"phase-timeout", "DURATION",
                                    "of phases without a timeout; default: 30m", false};
constexpr OptionRow k_timeout{"timeout", "DURATION", "of the whole run; default: 24h", false};

constexpr std::array k_run_options{
    k_root,
    k_project,
    k_series,
    k_stage,
    k_manifest,
    k_engine,
    OptionRow{"from", "LINE", "go on in the workspace as it is from this line, or from `failed`",
              false},
    OptionRow{"until", "LINE", "stop after this line", false},
    OptionRow{"only", "LINE", "only this line, in the workspace as it is", true},
    OptionRow{"locked", "", "every collect phase takes the revisions of its lock", false},
    k_phase_timeout,
    k_timeout,
    k_lenient};
constexpr std::array k_phase_options{
    k_root,
    k_project,
    k_series,
    k_stage,
    k_workspace,
    k_engine,
    OptionRow{"locked", "", "a collect phase takes the revisions of its lock", false},
    k_phase_timeout,
    k_timeout,
    k_lenient};
constexpr std::array k_plan_options{
    k_root,
    k_project,
    k_series,
    k_stage,
    k_manifest,
    OptionRow{"check", "", "also look for every file, as a run does first", false},
    OptionRow{"no-expand", "",
              "the lines as written, variables not expanded, includes not followed", false},
    k_lenient};
constexpr std::array k_lint_options{
    k_project,
    k_series,
    k_stage,
    k_manifest,
    OptionRow{"fix", "", "repair what is safe to repair, in place", false},
    OptionRow{"rules", "", "list the rules instead", false}};
constexpr std::array k_project_options{
    k_root, k_series,
    OptionRow{"container", "CLASS", "containerless, the default, is what there is", false, false,
              'c'}};
constexpr std::array k_workspace_new_options{k_root, k_project, k_series, k_stage, k_timeout};
constexpr std::array k_workspace_list_options{k_root, k_project, k_series};

constexpr std::array<OptionRow, 0> k_no_options{};

template <std::size_t N>
constexpr CommandRow row(std::string_view name, std::string_view arguments,
                         std::string_view summary, std::string_view examples,
                         const std::array<OptionRow, N>& options,
                         int (*run)(Host&, const CommandArguments&) noexcept) {
  return {name, arguments, summary, examples, options, run};
}

#define CDCTL_MOJO_PHASE(name, examples)                                              \
  row(name, "[KEY=VALUE…]", "one phase in a workspace that a run has made", examples, \
      k_phase_options, [](Host& host, const CommandArguments& given) noexcept {       \
        return command_phase(host, given, name);                                      \
      })

constexpr std::array k_commands{
    row("run", "[SPEC [WORKSPACE]]",
        "runs a spec's manifest in a workspace: a crontab's `mojo run`",
        "cdctl mojo run --project thumbs --series noble --stage production ./thumbs-spec main\n"
        "cdctl mojo run --project thumbs --series noble --from failed ./thumbs-spec main",
        k_run_options, command_run),
    row("plan", "[SPEC]", "prints what would run, variables expanded, a record a phase (MOJO_SPEC)",
        "cdctl mojo plan --stage production ./thumbs-spec\nMOJO_SERIES=noble cdctl mojo plan "
        "./thumbs-spec/manifest -o table",
        k_plan_options, command_plan),
    row("plan-collect", "FILE…",
        "prints the lines of collect files as they are read, a record a line",
        "cdctl mojo plan-collect ./thumbs-spec/collect\ncdctl mojo plan-collect "
        "./thumbs-spec/collect -o table",
        k_no_options, command_plan_collect),
    row("lint", "[SPEC]", "finds what would fail in production before it does (MOJO_SPEC)",
        "cdctl mojo lint ./thumbs-spec\ncdctl mojo lint --fix ./thumbs-spec", k_lint_options,
        command_lint),
    row("phases", "", "lists the phases with their options",
        "cdctl mojo phases\ncdctl mojo phases -o json", k_no_options, command_phases),
    row("project-new", "NAME", "makes a project: a folder for workspaces, and one for secrets",
        "cdctl mojo project-new thumbs --series noble\ncdctl mojo project-new thumbs -s noble "
        "--container containerless",
        k_project_options, command_project_new),
    row("workspace-new", "SPEC WORKSPACE",
        "makes a workspace with the spec in it, and runs nothing",
        "cdctl mojo workspace-new --project thumbs --series noble --stage production ./thumbs-spec "
        "main\ncdctl mojo workspace-list --project thumbs",
        k_workspace_new_options, command_workspace_new),
    row("workspace-list", "", "lists workspaces and how their last runs ended",
        "cdctl mojo workspace-list\ncdctl mojo workspace-list --project thumbs -o table",
        k_workspace_list_options, command_workspace_list),
    CDCTL_MOJO_PHASE("collect", "cdctl mojo collect\ncdctl mojo collect config=collect-noble"),
    CDCTL_MOJO_PHASE("builddeps", "cdctl mojo builddeps\ncdctl mojo builddeps install=True"),
    CDCTL_MOJO_PHASE("build", "cdctl mojo build\ncdctl mojo build config=make-app"),
    CDCTL_MOJO_PHASE("repo", "cdctl mojo repo\ncdctl mojo repo config=repo-noble"),
    CDCTL_MOJO_PHASE("secrets", "cdctl mojo secrets\ncdctl mojo secrets --stage production"),
    CDCTL_MOJO_PHASE("script",
                     "cdctl mojo script config=setup\ncdctl mojo script config=setup WAIT=600"),
    CDCTL_MOJO_PHASE("verify", "cdctl mojo verify\ncdctl mojo verify config=check"),
    CDCTL_MOJO_PHASE("deploy",
                     "cdctl mojo deploy\ncdctl mojo deploy config=services.yaml target=noble"),
    CDCTL_MOJO_PHASE("bundle",
                     "cdctl mojo bundle\ncdctl mojo bundle config=bundle.yaml max-wait=600"),
    CDCTL_MOJO_PHASE("sleep", "cdctl mojo sleep config=3\ncdctl mojo sleep config=0"),
    CDCTL_MOJO_PHASE("nagios-check",
                     "cdctl mojo nagios-check\ncdctl mojo nagios-check config=nrpe.cfg"),
    CDCTL_MOJO_PHASE("juju-check-wait",
                     "cdctl mojo juju-check-wait\ncdctl mojo juju-check-wait max-wait=600"),
    CDCTL_MOJO_PHASE(
        "stop-on",
        "cdctl mojo stop-on config=is-frozen\ncdctl mojo stop-on config=is-frozen return-code=3"),
};
#undef CDCTL_MOJO_PHASE

}  // namespace cdctl::mojo
