#include <algorithm>
#include <array>
#include <iterator>

#include "cli/command_line/command.hpp"
#include "cli/command_line/option_rows.hpp"

namespace cdctl::cli {

namespace {

using enum Needs;

constexpr std::array k_commands{
    Command{"outdated", "[SERVICE…]",
            "Which services have something newer than what is out there, or have fallen",
            "cdctl outdated\ncdctl outdated thumbs | cdctl deploy", "sources and engines",
            "revision records", k_outdated, config, run_outdated},
    Command{"deploy", "[SERVICE[@REV]…]",
            "Put revisions out beside those that run; does not wait to find out",
            "cdctl outdated | cdctl deploy\ncdctl deploy thumbs@r5f0 --wait", "revision records",
            "an outcome record a set", k_deploy, config, run_deploy},
    Command{"ls", "[SELECTOR…]", "The worker sets and their state",
            "cdctl ls\ncdctl ls 'thumbs@newest' -o json", "engines and switches", "set records",
            k_ls, config, run_ls},
    Command{"inspect", "SET…",
            "Everything about a set: sources, units, logs, queues, cuts, signals",
            "cdctl inspect thumbs@newest\ncdctl inspect thumbs-r5f0c1e9a2b | jq .local.units",
            "everything", "one full set record each", k_inspect, config, run_inspect},
    Command{"diff", "SET [SET]", "The commits that a set brought, or that lie between two",
            "cdctl diff thumbs@newest\ncdctl diff thumbs@previous thumbs@newest",
            "engines, memory and repositories", "commit records", k_diff, config, run_diff},
    Command{
        "signal", "[SET] SIGNAL", "Say that something is wrong with a set (a unit knows its own)",
        "cdctl signal oops -s critical -m 'every third job fails'\ncdctl signal - < signals.ndjson",
        "arguments, or signal records with -", "nothing", k_signal, nothing, run_signal},
    Command{"signals", "[SELECTOR…]", "What the services said",
            "cdctl signals --since 1h\ncdctl signals --follow | cdctl trip | cdctl break\ncdctl "
            "signals --follow=night --warm | cdctl trip | cdctl break",
            "the feed", "signal records", k_signals, config, run_signals},
    Command{"probe", "[SELECTOR…]", "Look at sets from outside: broker, units, checks of your own",
            "cdctl probe --every 10s | cdctl trip | cdctl break\ncdctl probe thumbs --send",
            "engines, switches and checks", "signal records", k_probe, config, run_probe},
    Command{"trip", "", "Decide which sets are unhealthy",
            "cdctl signals --follow | cdctl trip | cdctl break\ncdctl signals --since 1h | cdctl "
            "trip --rule 'errors >= 5 in 1m'",
            "signal records", "a verdict record when a set's verdict changes", k_trip, nothing,
            run_trip},
    Command{"break", "[SET…]", "Cut sets off from RabbitMQ and the world",
            "cdctl signals --follow | cdctl trip | cdctl break\ncdctl break thumbs@newest --why "
            "'wrong colours'",
            "verdict records that say unhealthy", "an outcome record a set", k_break, config,
            run_break},
    Command{"mend", "[SET…]", "Join cut sets to the world again",
            "cdctl mend thumbs-r5f0c1e9a2b\ncdctl ls -o name thumbs | cdctl mend -", "set names",
            "an outcome record a set", k_mend, config, run_mend},
    Command{"force", "[STATE SERVICE|SET…]",
            "What every breaker shall hold of sets, or of a service: open, closed, observe, none; "
            "alone: what is forced",
            "cdctl force\ncdctl force observe thumbs --why 'new rules'\ncdctl force closed "
            "thumbs-r5f0c1e9a2b\ncdctl force none thumbs",
            "arguments", "a force record each", k_force, config, run_force},
    Command{
        "hold", "SERVICE|SET…", "Freeze the deploys of a service, or of one revision (its SET)",
        "cdctl hold thumbs --for 2h --why 'the sale'\ncdctl ls thumbs\ncdctl hold --target main "
        "--why 'the release'",
        "arguments", "a hold record each", k_hold, config, run_hold},
    Command{"resume", "SERVICE|SET…", "Lift the freezes of a service, or that of a SET",
            "cdctl resume thumbs\ncdctl resume thumbs previews --dry-run", "arguments",
            "a hold record each", k_resume, config, run_resume},
    Command{"want", "", "Decide how many units sets should have, by what waits for them",
            "cdctl ls | cdctl want | cdctl scale\ncdctl ls | cdctl want --all -o table",
            "set records, and the broker's figures of their queues",
            "a want record for each process that should have more or fewer", k_want, config,
            run_want},
    Command{
        "scale", "[SET…] [PROCESS=N…]",
        "Change how many units a set has, in place; without numbers: as the service's file says",
        "cdctl scale thumbs-r5f0c1e9a2b worker=3\ncdctl scale thumbs@newest\ncdctl ls | cdctl "
        "want | cdctl scale",
        "want records", "an outcome record a set", k_scale, config, run_scale},
    Command{"stale", "", "Mark the sets that nobody needs",
            "cdctl ls | cdctl stale\ncdctl ls | cdctl stale --keep 1 --all -o wide", "set records",
            "the unneeded ones, marked", k_stale, nothing, run_stale},
    Command{"reap", "[SET…]", "Remove sets for good",
            "cdctl ls | cdctl stale | cdctl reap\ncdctl reap thumbs-r5f0c1e9a2b",
            "marked set records", "an outcome record a set", k_reap, config, run_reap},
    Command{"retire", "SERVICE",
            "End a service: reap all its sets, forget what is remembered of it",
            "cdctl retire thumbs --confirm thumbs --dry-run\ncdctl retire thumbs --confirm thumbs",
            "arguments", "outcome records, a retire record", k_retire, config, run_retire},
    Command{"propose", "[PROPOSAL]", "Offer a branch for a target",
            "cdctl propose\ncdctl propose fix-typo --target thumbs --after new-words",
            "the repository of this folder", "an outcome record", k_propose, config, run_propose},
    Command{"review", "PROPOSAL VOTE",
            "Vote on a proposal: approve, needs-fixing, disapprove, …; signed by your SSH key",
            "cdctl review fix-typo approve\ncdctl review fix-typo needs-fixing -m 'no test'",
            "the repository of this folder", "an outcome record", k_review, config, run_review},
    Command{"proposals", "[TARGET…]", "What is proposed, and what reviewers say of it",
            "cdctl proposals\ncdctl proposals | cdctl gate --all -o table", "forges",
            "proposal records", k_proposals, config, run_proposals},
    Command{
        "gate", "", "Decide which proposals may land: votes, contributors, prerequisites",
        "cdctl proposals | cdctl gate | cdctl verify | cdctl land\ncdctl proposals | cdctl gate "
        "--all -o table",
        "proposal records", "candidate records", k_gate, config, run_gate},
    Command{
        "verify", "", "Merge candidates and test the merges, each on top of those before it",
        "cdctl proposals | cdctl gate | cdctl verify | cdctl land\ncdctl proposals | cdctl gate "
        "| cdctl verify -o table",
        "candidate records", "the same with what was seen of their merges", k_verify, config,
        run_verify},
    Command{"land", "[import FILE]",
            "Push what was verified, and read it back; or make targets of a tarmac.conf",
            "cdctl proposals | cdctl gate | cdctl verify | cdctl land\ncdctl history --action "
            "land\ncdctl land import tarmac.conf --dry-run",
            "verified candidate records", "an outcome record each", k_land, config, run_land},
    Command{"history", "[SELECTOR…]", "What was done to sets and targets from this home, and why",
            "cdctl history --since 7d --action break\ncdctl history thumbs --follow\ncdctl history "
            "thumbs --all-homes",
            "the log of this home", "outcome records", k_history, config, run_history},
    Command{"log", "[SELECTOR…]", "What history is called now", "", "the log of this home",
            "outcome records", k_history, config, run_log, true},
    Command{"logs", "SET[/UNIT]…", "What the units of sets wrote, of reaped ones too for a while",
            "cdctl logs thumbs@newest -f\ncdctl logs thumbs@newest/0 --since 10m --tail 100",
            "engines", "log records; lines on a terminal", k_logs, config, run_logs},
    Command{"timeline", "[SERVICE…]",
            "A service's revisions side by side over time; or all of them in a browser",
            "cdctl timeline thumbs\ncdctl timeline thumbs --since 2d -o html >thumbs.html\ncdctl "
            "timeline --listen",
            "engines, memory, log and feed", "a timeline record a set, or a picture", k_timeline,
            config, run_timeline, false, "text svg html ndjson json"},
    Command{"top", "[SERVICE…]", "Watch the sets live, and cut or mend them from the keys",
            "cdctl top\ncdctl top thumbs --every 2s", "engines, switches, probes and the feed",
            "the screen", k_top, config, run_top},
    Command{"init", "[FOLDER]", "Make a configuration, or add a service to one; asks on a terminal",
            "cdctl init\ncdctl init --service thumbs --trunk ./thumbs --broker none\ncdctl init "
            "--target",
            "", "", k_init, nothing, run_init},
    Command{"config",
            "VERB [SERVICE|KEY…]",
            "The configuration: show what holds, check it, explain KEY, path",
            "cdctl config check\ncdctl config show thumbs\ncdctl config explain reaper.keep",
            "the configuration's files",
            "setting, problem, key or path records",
            {},
            nothing,
            run_config},
    Command{"notify", "[RECEIVER…]",
            "Tell pagers, chats and search indexes what happens, at least once",
            "cdctl notify --follow\ncdctl signals --follow | cdctl trip | cdctl notify --pass | "
            "cdctl break\ncdctl notify --test pagerduty\ncdctl notify --status",
            "records of any schema, or with --follow the log of the home and the feed",
            "nothing; with --pass the same records; with --status a receiver record each", k_notify,
            nothing, run_notify},
    Command{"metrics", "", "What a dashboard needs, for Prometheus",
            "cdctl metrics\ncdctl metrics --textfile /var/lib/prometheus/node-exporter/cdctl.prom\n"
            "cdctl metrics --listen 127.0.0.1:9465",
            "engines, switches, the log of the home, the feed and what waits for receivers",
            "OpenMetrics text", k_metrics, config, run_metrics, false, "openmetrics prometheus"},
    Command{"doctor", "", "Whether all that cdctl needs is there, and the cure where it is not",
            "cdctl doctor\ncdctl doctor | jq -r 'select(.state != \"ok\") | .cure'", "everything",
            "a check record each", k_doctor, nothing, run_doctor},
    Command{"plugins", "[new NAME [FOLDER]]",
            "The plugins, where they are, why one is refused; or begin your own",
            "cdctl plugins\ncdctl plugins --check -o json\ncdctl plugins new chat --role sink",
            "manifests", "plugin records", k_plugins, nothing, run_plugins},
    Command{"version",
            "",
            "The version and what it was built with",
            "cdctl version\ncdctl version -o json",
            "",
            "",
            {},
            nothing,
            run_version},
    Command{"__look", "[SERVICE…]", "What top and the page show, as records of what changed", "",
            "engines, switches, probes and the feed", "records", k_look, config, run_look, true},
    Command{"completion",
            "SHELL",
            "The completion script of bash, zsh or fish",
            "cdctl completion bash >~/.local/share/bash-completion/completions/cdctl\ncdctl "
            "completion fish >~/.config/fish/completions/cdctl.fish",
            "",
            "",
            {},
            nothing,
            run_completion},
    Command{"__complete",
            "SHELL LINE [STEM [WIDTH]]",
            "Candidates for a command line up to the cursor",
            "",
            "",
            "",
            {},
            nothing,
            run_complete,
            true},
    Command{"__manifest",
            "LIBRARY FILE",
            "Write a plugin's manifest",
            "",
            "",
            "",
            {},
            nothing,
            run_manifest,
            true},
    Command{
        "__man", "FOLDER [DATE]", "Write the manual pages", "", "", "", {}, nothing, run_man, true},
    Command{"__schemas",
            "FOLDER",
            "Write the JSON Schema of every record",
            "",
            "",
            "",
            {},
            nothing,
            run_schemas,
            true},
};

}  // namespace

std::span<const Command> commands() { return k_commands; }
std::span<const Option> leading_options() { return k_leading; }
std::span<const Option> global_options() { return leading_options().first(k_leading.size() - 1); }
std::vector<Option> global_options_of(const Command& command) {
  std::vector<Option> out(global_options().begin(), global_options().end());
  if (!command.formats.empty()) {
    out.front().help = command.formats.contains("ndjson")
                           ? "of stdout; default: the first on a terminal, else ndjson"
                           : "of stdout; default: the first";
    out.front().choices = command.formats;
  }
  return out;
}

std::vector<Option> all_options_of(const Command& command) {
  std::vector<Option> out(command.options.begin(), command.options.end());
  std::ranges::move(global_options_of(command), std::back_inserter(out));
  return out;
}

}  // namespace cdctl::cli
