#include "plugins/bzr/bzr_source.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include <cdctl/child.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/parallel.hpp>
#include <cdctl/source.hpp>
#include <cdctl/text.hpp>
#include <cdctl/url.hpp>

#include "plugins/bzr/bzr_address.hpp"
#include "plugins/bzr/local_branch.hpp"

namespace cdctl::bzr {

namespace fs = std::filesystem;

namespace {

struct Trouble {
  std::string_view needle;  ///< in brz's own words
  std::string_view meaning;
  ExitCode exit = ExitCode::unknown;
  bool transient = false;
};
constexpr std::string_view k_unreachable = "the server cannot be reached";
constexpr std::string_view k_no_revision = "it has no such revision";
constexpr std::array k_troubles{
    Trouble{"Not a branch", "there is no bzr branch"},
    Trouble{"No such project", "there is no such branch on Launchpad"},
    Trouble{"No such branch", "there is no such branch on Launchpad"},
    Trouble{"does not exist in branch", k_no_revision, ExitCode::failed},
    Trouble{"No such tag", k_no_revision, ExitCode::failed},
    Trouble{"NoSuchRevision", k_no_revision, ExitCode::failed},
    Trouble{"has no revision", k_no_revision, ExitCode::failed},
    Trouble{"Permission denied", "the credentials are wrong or missing"},
    Trouble{"Host key verification failed", "the host's key is not known: add it to known_hosts"},
    Trouble{"Connection error", k_unreachable, ExitCode::unknown, true},
    Trouble{"Connection closed", k_unreachable, ExitCode::unknown, true},
    Trouble{"Connection Timeout", k_unreachable, ExitCode::unknown, true},
    Trouble{"onnection refused", k_unreachable, ExitCode::unknown, true},
    Trouble{"ConnectionReset", k_unreachable, ExitCode::unknown, true},
    Trouble{"onnection reset", k_unreachable, ExitCode::unknown, true},
    Trouble{"name resolution", k_unreachable, ExitCode::unknown, true},
    Trouble{"imed out", k_unreachable, ExitCode::unknown, true},
    Trouble{"etwork is unreachable", k_unreachable, ExitCode::unknown, true},
    Trouble{"HTTP status 5", k_unreachable, ExitCode::unknown, true},
};

/// brz's own reason: what follows `brz: ERROR: ` on its line, else the last line.
std::string reason(std::string_view text) {
  constexpr std::string_view k_mark = "brz: ERROR: ";
  if (const auto at = text.find(k_mark); at != std::string_view::npos) {
    text.remove_prefix(at + k_mark.size());
    return printable(with_shown_addresses(text.substr(0, text.find('\n'))), 200);
  }
  while (text.ends_with('\n')) text.remove_suffix(1);
  const auto last = text.substr(text.rfind('\n') + 1);
  return last.empty() ? std::string("brz gave no reason")
                      : printable(with_shown_addresses(last), 200);
}

/// Turns brz's complaint into one line. Exit code `unknown`; a passed deadline is `timeout`, a
/// revision that is not there `failed`. `transient` when the server could not be reached.
Error explain(const Finished& finished) {
  if (finished.timed_out) return {ExitCode::timeout, "no answer within " + finished.given};
  if (finished.interrupted) return {ExitCode::interrupted, "interrupted"};
  const auto why = reason(finished.err);
  const auto at = std::ranges::find_if(
      k_troubles, [&](const Trouble& trouble) { return finished.err.contains(trouble.needle); });
  if (at != k_troubles.end())
    return {at->exit, fmt::format("{} (brz: {})", at->meaning, why), at->transient};
  return {ExitCode::unknown, fmt::format("brz: {} ({})", why, finished.how())};
}

/// Runs `brz` with these words: no terminal to ask on, no log file, messages in English. What it
/// wrote to stdout; an end other than success is an error of explain(). Exit code `unknown` when
/// brz is not installed.
Result<std::string> brz_output(std::vector<std::string> words, const Deadline& deadline) {
  Program command;
  command.argv = {"brz"};
  command.argv.insert(command.argv.end(), std::make_move_iterator(words.begin()),
                      std::make_move_iterator(words.end()));
  // The child has a session of its own and /dev/null as stdin, so neither brz nor its ssh finds
  // anyone to ask.
  command.env = {{"BZR_PROGRESS_BAR", "none"},
                 {"BRZ_PROGRESS_BAR", "none"},
                 {"BRZ_LOG", "/dev/null"},
                 {"LC_ALL", "C.UTF-8"},
                 {"SSH_ASKPASS_REQUIRE", "never"}};
  command.unset_env = {"SSH_ASKPASS", "LANGUAGE"};
  command.max_output = 1 << 20;
  command.deadline = deadline;
  auto finished = run(command);
  if (!finished)
    return fail(ExitCode::unknown, fmt::format("{}; apt install brz", finished.error().what));
  if (!finished->ok()) return fail(explain(*finished));
  return std::move(finished->out);
}

/// What `brz revision-info` prints: a revno (`???` when the revision is not on the branch) and a
/// revision-id.
Result<Revision> parse_info(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  const auto line = text.substr(text.rfind('\n') + 1);
  const auto blank = line.find(' ');
  if (blank == std::string_view::npos)
    return fail(ExitCode::unknown, "brz revision-info gave no revision");
  const auto revno = line.substr(0, blank), id = line.substr(blank + 1);
  if (id == "null:") return fail(ExitCode::unknown, "the branch is empty: push a first commit");
  if (revno == "???" || !valid_revision_id(id)) return fail("it has no such revision");
  Revision revision{std::string(id), {}};
  std::int64_t number = 0;
  const auto [stop, error] = std::from_chars(revno.data(), revno.data() + revno.size(), number);
  if (error == std::errc() && stop == revno.data() + revno.size()) revision.number = number;
  return revision;
}

Result<Revision> ask_brz(const Address& address, const std::optional<std::string>& spec,
                         const Deadline& deadline) {
  std::vector<std::string> words{"revision-info", "--directory=" + address.url};
  if (spec) words.push_back("--revision=" + *spec);
  CDCTL_TRY_ASSIGN(const auto text, brz_output(std::move(words), deadline));
  return parse_info(text);
}

SourceState state_of(const SourceConfig& source, Revision revision) {
  return {"bzr", source.url, std::move(revision.id), revision.number};
}

Result<Address> address_of(const SourceConfig& source, const fs::path& base) {
  auto address = parse_address(source.url, base);
  if (!address)
    return fail(address.error().in(fmt::format("source {} of {}", source.name, source.service)));
  return address;
}

Error in_place(const Error& error, std::string_view doing, const SourceConfig& source,
               const Address& address) {
  return error.in(fmt::format("{} {} of {} from {}", doing, source.name, source.service,
                              shown_address(address.url)));
}

Result<> make_checkout(const Address& address, std::string_view revision, const fs::path& into,
                       const Deadline& deadline) {
  CDCTL_TRY(
      brz_output({"checkout", "--lightweight", "--quiet",
                  "--revision=revid:" + std::string(revision), "--", address.url, into.string()},
                 deadline));
  CDCTL_TRY_ASSIGN(const auto found, read_tree_revision(into));
  if (found != revision)
    return fail(
        fmt::format("the checkout stands at {}, not at {}", printable(found, 120), revision));
  return {};
}

Result<> check_out(const SourceConfig& source, std::string_view revision, const fs::path& into,
                   const fs::path& base, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto address, address_of(source, base));
  if (!valid_revision_id(revision)) {
    return fail(ExitCode::usage, fmt::format("checking out {} of {}: '{}' is not a revision-id",
                                             source.name, source.service, printable(revision, 80)));
  }
  auto made = make_checkout(address, revision, into, deadline);
  if (made) return {};
  (void)remove_tree(into);
  return fail(in_place(made.error(), "checking out", source, address));
}

}  // namespace

std::vector<Result<SourceState>> BzrSource::do_newest(std::span<const SourceConfig> sources,
                                                      const Deadline& deadline) {
  std::vector<Result<Address>> addresses;
  std::vector<std::optional<Result<Revision>>> answers(sources.size());
  std::vector<std::size_t> left;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    addresses.push_back(address_of(sources[i], base()));
    if (!addresses[i]) continue;
    if (addresses[i]->local) {
      auto tip = read_tip(addresses[i]->url);
      if (!tip)
        answers[i] = fail(std::move(tip.error()));
      else if (*tip)
        answers[i] = std::move(**tip);
    }
    if (!answers[i]) left.push_back(i);
  }
  in_parallel(left.size(), [&](std::size_t k) {
    answers[left[k]] = ask_brz(*addresses[left[k]], {}, deadline);
  });
  std::vector<Result<SourceState>> out;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    if (!addresses[i])
      out.push_back(fail(addresses[i].error()));
    else if (!*answers[i])
      out.push_back(fail(in_place(answers[i]->error(), "reading", sources[i], *addresses[i])
                             .because(Reason::of_source)));
    else
      out.push_back(state_of(sources[i], std::move(**answers[i])));
  }
  return out;
}

Result<SourceState> BzrSource::do_resolve(const SourceConfig& source, std::string_view revision,
                                          const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto address, address_of(source, base()));
  CDCTL_TRY_ASSIGN(const auto spec, revision_spec(revision));
  if (address.local) {
    auto tip = read_tip(address.url);
    if (!tip) return fail(in_place(tip.error(), "reading", source, address));
    if (*tip && (spec == "revid:" + (*tip)->id || spec == fmt::format("revno:{}", *(*tip)->number)))
      return state_of(source, std::move(**tip));
  }
  auto found = ask_brz(address, spec, deadline);
  if (found) return state_of(source, std::move(*found));
  return fail(in_place(found.error(),
                       fmt::format("reading revision {} of", printable(revision, 80)), source,
                       address));
}

Result<> BzrSource::do_checkout(const SourceConfig& source, std::string_view revision,
                                const fs::path& into, const Deadline& deadline) {
  return check_out(source, revision, into, base(), deadline);
}

std::vector<Result<>> BzrSource::do_checkout_all(std::span<const CheckoutRequest> requests,
                                                 const Deadline& deadline) {
  std::vector<Result<>> out(requests.size());
  const auto from = base();
  in_parallel(requests.size(), [&](std::size_t i) {
    out[i] = check_out(requests[i].source, requests[i].revision, requests[i].into, from, deadline);
  });
  return out;
}

}  // namespace cdctl::bzr
