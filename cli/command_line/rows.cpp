#include <algorithm>
#include <array>
#include <iterator>

#include "cli/command_line/command.hpp"

namespace cdctl::cli {

namespace {

using enum Needs;

constexpr Option k_dry_run{"dry-run", "", "say what would be done, do nothing"};
constexpr Option k_timeout{"timeout", "DURATION", "deadline of each item (30s)"};
constexpr Option k_spool{
    "spool", "", "keep signals in the home while the feed is out of reach ([signals] spool)"};
constexpr Option k_exit_code{"exit-code", "", "exit 10 when there is something"};

/// The options of every command; and the last one, which stands without a command.
constexpr std::array k_leading{
    Option{"output", "FORMAT", "of stdout; default: table on a terminal, else ndjson", false, false,
           'o', "ndjson json table wide name"},
    Option{"config", "FILE", "cdctl.toml to use", false, false, 'c'},
    Option{"plugin-path", "FOLDER", "look for plugins here first", true},
    Option{"no-color", "", "no colours (also: NO_COLOR)"},
    Option{"quiet", "", "errors and warnings only", false, false, 'q'},
    Option{"verbose", "", "more on stderr", false, false, 'v'},
    Option{"help", "", "this page", false, false, 'h'},
    Option{"version", "", "the version", false, false, 'V'},
};

constexpr std::array k_outdated{
    Option{"all", "", "also records that are not offered, with \"offered\":false"},
    Option{"allow-back", "", "offer a combination that goes back to an older one"},
    Option{"even-bad", "", "offer a revision that is known to be bad"},
    Option{"now", "", "offer unfinished and fallen sets whatever their back-off"},
    k_exit_code,
    Option{"timeout", "DURATION", "deadline for reading all sources (30s)"},
};
constexpr std::array k_deploy{
    k_dry_run,
    Option{"source", "NAME=REV", "pin a source to a revision", true},
    Option{"even-bad", "", "deploy a revision that is known to be bad"},
    Option{"even-held", "", "deploy records of a service whose deploys are held"},
    Option{"wait", "", "stay until the units have been up for --settle"},
    Option{"settle", "DURATION", "with --wait: how long (10s, or what the engine asks for)"},
    Option{"timeout", "DURATION", "deadline of each deploy (30m)"},
};
constexpr std::array k_inspect{
    Option{"since", "DURATION", "signals of that long ago and later (1h)"},
    k_timeout,
};
constexpr std::array k_diff{
    Option{"limit", "N", "at most so many commits of a source (100)"},
    Option{"timeout", "DURATION", "deadline; what this machine has no copy of is fetched (2m)"},
};
constexpr std::array k_ls{
    Option{"units", "",
           "ask for the units of each set where a list does not tell (one call a set)"},
    k_timeout,
};
constexpr std::array k_signal{
    Option{"severity", "LEVEL", "how bad (error)", false, false, 's',
           "debug info warning error critical"},
    Option{"message", "TEXT", "what happened, for people", false, false, 'm'},
    Option{"unit", "UNIT", "which worker ($CDCTL_UNIT)"},
    Option{"key", "KEY", "the condition (SERVICE/SIGNAL)"},
    Option{"id", "ID", "identity of this occurrence, counted once (a new one)"},
    Option{"data", "NAME=VALUE", "further fields; also expires=10m, cleared=true, correlation=RUN",
           true},
    k_spool,
    Option{"timeout", "DURATION", "deadline (5s)"},
};
constexpr std::array k_signals{
    Option{"since", "DURATION",
           "start that long ago, or at an RFC 3339 time (10m; with --follow: now)"},
    Option{"follow", "NAME", "go on for ever; as reader NAME, go on where it stopped", false, true,
           'f'},
    Option{"warm", "DURATION",
           "with --follow: first what was given that long ago and later, marked replayed (as long "
           "as the longest rule needs)",
           false, true},
    Option{"listen", "ADDRESS", "take signals over HTTP at 127.0.0.1:PORT; needs a token"},
    Option{"token-file", "FILE", "with --listen: the token ([signals] token_file)"},
    k_spool,
    k_timeout,
};
constexpr std::array k_history{
    Option{"since", "DURATION", "start that long ago, or at an RFC 3339 time (24h)"},
    Option{"action", "NAME", "only what this command did", true, false, 0,
           "deploy break mend reap scale force hold resume retire propose review land"},
    Option{"all-homes", "", "what other homes did, too, as far as the broker remembers it"},
    Option{"follow", "", "go on for ever", false, false, 'f'},
    Option{"timeout", "DURATION", "with --all-homes: deadline for asking (30s)"},
};
constexpr std::array k_logs{
    Option{"follow", "", "go on until the sets are gone", false, false, 'f'},
    Option{"since", "DURATION", "start that long ago, or at an RFC 3339 time (all there is)"},
    Option{"tail", "N", "only the last lines of each unit"},
    Option{"times", "", "the time of each line before it (a terminal)"},
    Option{"timeout", "DURATION", "deadline for finding the sets (30s)"},
};
constexpr std::array k_timeline{
    Option{"since", "DURATION",
           "begin that long ago, or at an RFC 3339 time (what there is of the last 7d)"},
    Option{
        "listen", "ADDRESS",
        "serve the board of all services to browsers, there or at 127.0.0.1:9466; elsewhere with "
        "a token",
        false, true},
    Option{"token-file", "FILE", "with --listen: who looks must say the token in it"},
    Option{"every", "DURATION", "with --listen: look that often, less often where it costs (2s)"},
    k_timeout,
};
constexpr std::array k_top{
    Option{"every", "DURATION",
           "draw and look that often; a look that costs much is taken less often (1s)"},
    Option{"timeout", "DURATION", "deadline of each look (10s)"},
};
constexpr std::array k_look{
    k_top[0],
    k_top[1],
    Option{"probes", "", "what the probes of engines and other plugins find, instead"},
    Option{"page", "", "the parts of the page of timeline --listen, instead"},
    Option{"since", "DURATION", "with --page: how far that reaches back"},
};
constexpr std::array k_probe{
    Option{"every", "DURATION", "look again and again"},
    Option{"send", "", "also send the signals to the feed"},
    k_spool,
    Option{"timeout", "DURATION", "deadline of each look (30s)"},
};
constexpr std::array k_trip{
    Option{"rule", "RULE", "instead of the service's own, e.g. \"errors >= 5 in 1m\"", true, false,
           'r'},
    Option{"all", "", "a verdict for each signal, not only when it changes"},
    Option{"explain", "",
           "instead of verdicts: what each rule saw, and how far it is from tripping"},
    Option{"replay", "FILE",
           "recorded signals instead of standard input; their times are the only clock"},
    k_exit_code,
};
constexpr std::array k_break{
    k_dry_run,
    Option{"why", "TEXT", "the reason to keep with the cut (by hand)"},
    Option{"even-last", "SET", "cut this set even if less than min_live stays", true},
    k_timeout,
};
constexpr std::array k_mend{
    k_dry_run,
    Option{"why", "TEXT", "the reason to keep in the history"},
    Option{"thaw", "", "let frozen units go on instead of restarting them"},
    Option{"probation", "DURATION",
           "half-open: let one unit in for so long; then restore the set, or cut it again"},
    Option{"messages", "N",
           "with --probation: restore it as soon as so many are acknowledged (1, at the end)"},
    Option{"settle", "", "follow trials to their end; without SET: end those whose time is over"},
    Option{"abort", "", "cut sets again that are on trial now"},
    k_timeout,
};
constexpr std::array k_force{
    k_dry_run,
    Option{"why", "TEXT", "the reason, for the others"},
    k_timeout,
};
constexpr std::array k_notify{
    Option{"follow", "", "tell what happens at this home, for ever"},
    Option{"new", "", "the same since the last time, up to now: for cron"},
    Option{"pass", "", "also write the records to stdout, unchanged"},
    Option{"flush", "", "send what waits; --follow: go on for one receiver"},
    Option{"status", "", "how much waits for each receiver, and why"},
    Option{"replay", "", "send once more what a receiver refused"},
    Option{"test", "", "send a cut and a mend of a set that there is not"},
    Option{"timeout", "DURATION", "deadline of a call, and of what is left at the end (30s)"},
};
constexpr std::array k_metrics{
    Option{"textfile", "FILE", "write them there, for node-exporter: the old file or the new one"},
    Option{"listen", "ADDRESS",
           "answer scrapes of /metrics at 127.0.0.1:PORT; elsewhere with a token"},
    Option{"token-file", "FILE", "with --listen: who asks must say the token in it"},
    Option{"sets", "", "also a few series for each set; their number grows with the sets"},
    Option{"prometheus", "",
           "the older text format, as --textfile writes it: the same as -o prometheus"},
    Option{"timeout", "DURATION", "deadline of a look (8s)"},
};
constexpr std::array k_hold{
    k_dry_run,
    Option{"for", "DURATION", "lifted by itself after that long (never)"},
    Option{"why", "TEXT", "the reason, for the others"},
    Option{"target", "TARGET", "nothing lands on this one (and no service is meant)", true},
    k_timeout,
};
constexpr std::array k_resume{
    k_dry_run,
    Option{"target", "TARGET", "what may land on this one lands again", true},
    k_timeout,
};
constexpr Option k_gone_home{"gone-home", "HOME",
                             "by name: sets of this home, whose machine is gone for good"};
constexpr std::array k_retire{
    Option{"confirm", "SERVICE", "the same name again: nothing brings it back"},
    k_dry_run,
    Option{"grace", "DURATION", "between TERM and KILL (stop_timeout)"},
    k_gone_home,
    Option{"timeout", "DURATION", "deadline of each set (60s)"},
};
constexpr std::array k_want{
    Option{"all", "", "also processes without a wish, each with its figures and why"},
    k_exit_code,
    Option{"timeout", "DURATION", "deadline for asking what waits (30s)"},
};
constexpr std::array k_scale{
    k_dry_run,
    Option{"why", "TEXT", "the reason to keep in the history (by hand)"},
    Option{"even-last", "SET", "take units from this set even if less than min_live stays", true},
    k_timeout,
};
constexpr std::array k_stale{
    Option{"keep", "N", "live sets to keep (2)"},
    Option{"min-age", "DURATION", "keep younger sets (1h)"},
    Option{"prove-for", "DURATION", "live and uncut for so long is proven (24h)"},
    Option{"cut-grace", "DURATION", "keep a cut set for an autopsy (min-age)"},
    Option{"failed-grace", "DURATION",
           "keep a set that never served (30m or min-age, the shorter)"},
    Option{"all", "", "also the sets that are kept, each with why"},
    k_exit_code,
};
constexpr std::array k_reap{
    k_dry_run,
    Option{"grace", "DURATION", "between TERM and KILL (stop_timeout)"},
    Option{"max-reaps", "N", "refuse a run that marks more (10)"},
    Option{"even-last", "SET", "reap this set even if less than min_live stays", true},
    Option{"even-newest", "", "by name: also a service's newest set"},
    Option{"even-foreign", "", "by name: also of a service that is not configured here"},
    k_gone_home,
    Option{"timeout", "DURATION", "deadline of each item (60s)"},
};
constexpr Option k_target{"target", "TARGET", "which target (the only one)", false, false, 't'};
constexpr Option k_call_timeout{"timeout", "DURATION", "deadline (2m)"};
constexpr std::array k_propose{
    k_target,
    Option{"after", "PROPOSAL", "lands after that one", true},
    Option{"revision", "REV", "of this repository (what is checked out)"},
    k_dry_run,
    k_call_timeout,
};
constexpr std::array k_review{
    k_target,
    Option{"message", "TEXT", "what you have to say of it", false, false, 'm'},
    Option{"head", "REV",
           "the commit that you have looked at, if it is not checked out; refused if there is a "
           "newer one"},
    k_dry_run,
    k_call_timeout,
};
constexpr std::array k_proposals{k_call_timeout};
constexpr std::array k_gate{
    Option{"all", "", "also those that may not land, each with why not"},
    Option{"first", "LABEL", "the fast lane: what has this label goes before the others"},
    k_exit_code,
};
constexpr std::array k_verify{
    Option{"again", "", "test again what was tested before"},
    Option{"jobs", "N", "tests at once, each on top of those ahead (1)"},
    Option{"trust-record", "",
           "also what the gate of another home has let through that has the same key"},
    Option{"timeout", "DURATION", "deadline of each call of the repository (10m)"},
};
constexpr std::array k_land{
    k_dry_run,
    Option{"trust-record", "", "also what another home has verified that has the same key"},
    Option{"timeout", "DURATION", "deadline of each candidate (2m)"},
};
constexpr std::array k_init{
    Option{"service", "NAME", "name of the service (of this repository)"},
    Option{"trunk", "URL", "its repository (the remote of this one)"},
    Option{"branch", "BRANCH", "of the trunk"},
    Option{"spec", "URL", "the repository of its Mojo spec"},
    Option{"target", "NAME", "make a target instead, a branch that proposals land on", false, true},
    Option{"verify", "COMMAND",
           "with --target: what tests a merge (make check, where there is one)"},
    Option{"engine", "ENGINE", "of its sets (the one that this folder is made for)"},
    Option{"broker", "URL|none", "management API, such as http://cdctl@127.0.0.1:15672"},
    Option{"password-file", "FILE", "its password; copied into secrets/, mode 0600"},
    Option{"yes", "", "take what is found, and ask nothing", false, false, 'y'},
    k_dry_run,
};
constexpr std::array k_doctor{
    Option{"timeout", "DURATION", "deadline of each plugin's checks (15s)"}};
constexpr std::array k_plugins{
    Option{"check", "", "open each plugin and check it whole"},
    Option{"role", "ROLE", "with new: what the plugin begins as (sink). Not a memory or a feed",
           false, false, 0, "sink source probe switch engine deployer doctor command"},
};

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
