#pragma once

#include <array>

#include "cli/command_line/command.hpp"

// The options of each command, which its row in rows.cpp names.
namespace cdctl::cli {

inline constexpr Option k_dry_run{"dry-run", "", "say what would be done, do nothing"};
inline constexpr Option k_timeout{"timeout", "DURATION", "deadline of each item (30s)"};
inline constexpr Option k_spool{
    "spool", "", "keep signals in the home while the feed is out of reach ([signals] spool)"};
inline constexpr Option k_exit_code{"exit-code", "", "exit 10 when there is something"};

/// The options of every command; and the last one, which stands without a command.
inline constexpr std::array k_leading{
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

inline constexpr std::array k_outdated{
    Option{"all", "", "also records that are not offered, with \"offered\":false"},
    Option{"allow-back", "", "offer a combination that goes back to an older one"},
    Option{"even-bad", "", "offer a revision that is known to be bad"},
    Option{"now", "", "offer unfinished and fallen sets whatever their back-off"},
    k_exit_code,
    Option{"timeout", "DURATION", "deadline for reading all sources (30s)"},
};
inline constexpr std::array k_deploy{
    k_dry_run,
    Option{"source", "NAME=REV", "pin a source to a revision", true},
    Option{"even-bad", "", "deploy a revision that is known to be bad"},
    Option{"even-held", "", "deploy records of a service whose deploys are held"},
    Option{"wait", "", "stay until the units have been up for --settle"},
    Option{"settle", "DURATION", "with --wait: how long (10s, or what the engine asks for)"},
    Option{"timeout", "DURATION", "deadline of each deploy (30m)"},
};
inline constexpr std::array k_inspect{
    Option{"since", "DURATION", "signals of that long ago and later (1h)"},
    k_timeout,
};
inline constexpr std::array k_diff{
    Option{"limit", "N", "at most so many commits of a source (100)"},
    Option{"timeout", "DURATION", "deadline; what this machine has no copy of is fetched (2m)"},
};
inline constexpr std::array k_ls{
    Option{"units", "",
           "ask for the units of each set where a list does not tell (one call a set)"},
    k_timeout,
};
inline constexpr std::array k_signal{
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
inline constexpr std::array k_signals{
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
inline constexpr std::array k_history{
    Option{"since", "DURATION", "start that long ago, or at an RFC 3339 time (24h)"},
    Option{"action", "NAME", "only what this command did", true, false, 0,
           "deploy break mend reap scale force hold resume retire propose review land"},
    Option{"all-homes", "", "what other homes did, too, as far as the broker remembers it"},
    Option{"follow", "", "go on for ever", false, false, 'f'},
    Option{"timeout", "DURATION", "with --all-homes: deadline for asking (30s)"},
};
inline constexpr std::array k_logs{
    Option{"follow", "", "go on until the sets are gone", false, false, 'f'},
    Option{"since", "DURATION", "start that long ago, or at an RFC 3339 time (all there is)"},
    Option{"tail", "N", "only the last lines of each unit"},
    Option{"times", "", "the time of each line before it (a terminal)"},
    Option{"timeout", "DURATION", "deadline for finding the sets (30s)"},
};
inline constexpr std::array k_timeline{
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
inline constexpr std::array k_top{
    Option{"every", "DURATION",
           "draw and look that often; a look that costs much is taken less often (1s)"},
    Option{"timeout", "DURATION", "deadline of each look (10s)"},
};
inline constexpr std::array k_look{
    k_top[0],
    k_top[1],
    Option{"probes", "", "what the probes of engines and other plugins find, instead"},
    Option{"page", "", "the parts of the page of timeline --listen, instead"},
    Option{"since", "DURATION", "with --page: how far that reaches back"},
};
inline constexpr std::array k_probe{
    Option{"every", "DURATION", "look again and again"},
    Option{"send", "", "also send the signals to the feed"},
    k_spool,
    Option{"timeout", "DURATION", "deadline of each look (30s)"},
};
inline constexpr std::array k_trip{
    Option{"rule", "RULE", "instead of the service's own, e.g. \"errors >= 5 in 1m\"", true, false,
           'r'},
    Option{"all", "", "a verdict for each signal, not only when it changes"},
    Option{"explain", "",
           "instead of verdicts: what each rule saw, and how far it is from tripping"},
    Option{"replay", "FILE",
           "recorded signals instead of standard input; their times are the only clock"},
    k_exit_code,
};
inline constexpr std::array k_break{
    k_dry_run,
    Option{"why", "TEXT", "the reason to keep with the cut (by hand)"},
    Option{"even-last", "SET", "cut this set even if less than min_live stays", true},
    k_timeout,
};
inline constexpr std::array k_mend{
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
inline constexpr std::array k_force{
    k_dry_run,
    Option{"why", "TEXT", "the reason, for the others"},
    k_timeout,
};
inline constexpr std::array k_notify{
    Option{"follow", "", "tell what happens at this home, for ever"},
    Option{"new", "", "the same since the last time, up to now: for cron"},
    Option{"pass", "", "also write the records to stdout, unchanged"},
    Option{"flush", "", "send what waits; --follow: go on for one receiver"},
    Option{"status", "", "how much waits for each receiver, and why"},
    Option{"replay", "", "send once more what a receiver refused"},
    Option{"test", "", "send a cut and a mend of a set that there is not"},
    Option{"timeout", "DURATION", "deadline of a call, and of what is left at the end (30s)"},
};
inline constexpr std::array k_metrics{
    Option{"textfile", "FILE", "write them there, for node-exporter: the old file or the new one"},
    Option{"listen", "ADDRESS",
           "answer scrapes of /metrics at 127.0.0.1:PORT; elsewhere with a token"},
    Option{"token-file", "FILE", "with --listen: who asks must say the token in it"},
    Option{"sets", "", "also a few series for each set; their number grows with the sets"},
    Option{"prometheus", "",
           "the older text format, as --textfile writes it: the same as -o prometheus"},
    Option{"timeout", "DURATION", "deadline of a look (8s)"},
};
inline constexpr std::array k_hold{
    k_dry_run,
    Option{"for", "DURATION", "lifted by itself after that long (never)"},
    Option{"why", "TEXT", "the reason, for the others"},
    Option{"target", "TARGET", "nothing lands on this one (and no service is meant)", true},
    k_timeout,
};
inline constexpr std::array k_resume{
    k_dry_run,
    Option{"target", "TARGET", "what may land on this one lands again", true},
    k_timeout,
};
inline constexpr Option k_gone_home{"gone-home", "HOME",
                                    "by name: sets of this home, whose machine is gone for good"};
inline constexpr std::array k_retire{
    Option{"confirm", "SERVICE", "the same name again: nothing brings it back"},
    k_dry_run,
    Option{"grace", "DURATION", "between TERM and KILL (stop_timeout)"},
    k_gone_home,
    Option{"timeout", "DURATION", "deadline of each set (60s)"},
};
inline constexpr std::array k_want{
    Option{"all", "", "also processes without a wish, each with its figures and why"},
    k_exit_code,
    Option{"timeout", "DURATION", "deadline for asking what waits (30s)"},
};
inline constexpr std::array k_scale{
    k_dry_run,
    Option{"why", "TEXT", "the reason to keep in the history (by hand)"},
    Option{"even-last", "SET", "take units from this set even if less than min_live stays", true},
    k_timeout,
};
inline constexpr std::array k_stale{
    Option{"keep", "N", "live sets to keep (2)"},
    Option{"min-age", "DURATION", "keep younger sets (1h)"},
    Option{"prove-for", "DURATION", "live and uncut for so long is proven (24h)"},
    Option{"cut-grace", "DURATION", "keep a cut set for an autopsy (min-age)"},
    Option{"failed-grace", "DURATION",
           "keep a set that never served (30m or min-age, the shorter)"},
    Option{"all", "", "also the sets that are kept, each with why"},
    k_exit_code,
};
inline constexpr std::array k_reap{
    k_dry_run,
    Option{"grace", "DURATION", "between TERM and KILL (stop_timeout)"},
    Option{"max-reaps", "N", "refuse a run that marks more (10)"},
    Option{"even-last", "SET", "reap this set even if less than min_live stays", true},
    Option{"even-newest", "", "by name: also a service's newest set"},
    Option{"even-foreign", "", "by name: also of a service that is not configured here"},
    k_gone_home,
    Option{"timeout", "DURATION", "deadline of each item (60s)"},
};
inline constexpr Option k_target{"target", "TARGET", "which target (the only one)",
                                 false,    false,    't'};
inline constexpr Option k_call_timeout{"timeout", "DURATION", "deadline (2m)"};
inline constexpr std::array k_propose{
    k_target,
    Option{"after", "PROPOSAL", "lands after that one", true},
    Option{"revision", "REV", "of this repository (what is checked out)"},
    k_dry_run,
    k_call_timeout,
};
inline constexpr std::array k_review{
    k_target,
    Option{"message", "TEXT", "what you have to say of it", false, false, 'm'},
    Option{"head", "REV",
           "the commit that you have looked at, if it is not checked out; refused if there is a "
           "newer one"},
    k_dry_run,
    k_call_timeout,
};
inline constexpr std::array k_proposals{k_call_timeout};
inline constexpr std::array k_gate{
    Option{"all", "", "also those that may not land, each with why not"},
    Option{"first", "LABEL", "the fast lane: what has this label goes before the others"},
    k_exit_code,
};
inline constexpr std::array k_verify{
    Option{"again", "", "test again what was tested before"},
    Option{"jobs", "N", "tests at once, each on top of those ahead (1)"},
    Option{"trust-record", "",
           "also what the gate of another home has let through that has the same key"},
    Option{"timeout", "DURATION", "deadline of each call of the repository (10m)"},
};
inline constexpr std::array k_land{
    k_dry_run,
    Option{"trust-record", "", "also what another home has verified that has the same key"},
    Option{"timeout", "DURATION", "deadline of each candidate (2m)"},
};
inline constexpr std::array k_init{
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
inline constexpr std::array k_doctor{
    Option{"timeout", "DURATION", "deadline of each plugin's checks (15s)"}};
inline constexpr std::array k_plugins{
    Option{"check", "", "open each plugin and check it whole"},
    Option{"role", "ROLE", "with new: what the plugin begins as (sink). Not a memory or a feed",
           false, false, 0, "sink source probe switch engine deployer doctor command"},
};

}  // namespace cdctl::cli
