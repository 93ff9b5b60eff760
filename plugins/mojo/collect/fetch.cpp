#include "plugins/mojo/collect/fetch.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cdctl/digest.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/http.hpp>
#include <cdctl/roles.hpp>
#include <cdctl/source.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>
#include <cdctl/url.hpp>

namespace cdctl::mojo {

namespace {

SourceConfig config_of(const CollectItem& item, const std::string& service) {
  SourceConfig config{service, item.line.destination, std::string(to_text(item.line.kind)),
                      item.line.location, Json::object()};
  if (item.line.branch) config.options.set("branch", *item.line.branch);
  return config;
}

/// A revno that says everything by itself: a whole commit id, or a revision-id.
std::string full_revision(const CollectLine& line) {
  constexpr std::string_view k_revid = "revid:";
  if (!line.revno) return {};
  const std::string_view text(*line.revno);
  if (line.kind == CollectKind::bzr)
    return text.starts_with(k_revid) ? std::string(text.substr(k_revid.size())) : std::string();
  const bool whole = (text.size() == 40 || text.size() == 64) &&
                     text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
  return whole ? std::string(text) : std::string();
}

void take(CollectItem& item, Result<SourceState> state) {
  if (!state) {
    item.error = std::move(state.error());
    return;
  }
  item.revision = std::move(state->revision);
  item.number = state->number;
}

void fail_all(const CollectItems& items, const Error& error) {
  for (auto* item : items) item->error = error;
}

constexpr std::size_t k_largest_download = 1u << 30;
constexpr std::size_t k_at_a_time = 8;
constexpr int k_most_redirects = 5;

/// A request for an item, perhaps after redirects. What comes goes into a file beside the one that
/// is wanted, for it may be large.
struct Hop {
  CollectItem* item;
  std::string url;
  std::filesystem::path beside{};
  Fd file{};
};

/// Opens the file that the answer goes to; of an earlier try there may be one.
Result<> begin(Hop& hop) {
  hop.beside = hop.item->into;
  hop.beside += fmt::format(".{}.new", ::getpid());
  hop.file =
      Fd(::open(hop.beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644));
  if (!hop.file.valid())
    return fail(fmt::format("creating {}: {}", hop.beside.string(), errno_text(errno)));
  return {};
}

bool redirects(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/// An address for messages: a query often holds a token.
std::string shown(std::string_view url) {
  return printable(url.substr(0, url.find_first_of("?#")), 200);
}

Result<> keep(const Hop& hop) {
  auto& item = *hop.item;
  CDCTL_TRY_ASSIGN(auto sha256, sha256_of_file(hop.beside, k_largest_download));
  if (item.line.sha256 && *item.line.sha256 != sha256) {
    return fail(fmt::format("{} has the SHA-256 {}, not {}", shown(item.line.location), sha256,
                            *item.line.sha256));
  }
  if (::fsync(hop.file.get()) != 0 || ::rename(hop.beside.c_str(), item.into.c_str()) != 0)
    return fail(fmt::format("writing {}: {}", item.into.string(), errno_text(errno)));
  item.revision = std::move(sha256);
  return {};
}

/// Deals with the answer to a hop; the address to go on to, or empty.
Result<std::string> take(const Hop& hop, Result<HttpResponse> answer) {
  if (!answer) return fail(std::move(answer.error()));
  if (answer->status == 200) {
    CDCTL_TRY(keep(hop));
    return std::string();
  }
  if (redirects(answer->status)) return redirect_target(hop.url, answer->headers["location"]);
  Error error{ExitCode::unknown, fmt::format("{}: answered {}", shown(hop.url), answer->status)};
  error.transient = answer->status >= 500;
  return fail(std::move(error));
}

void download_some(Http& http, std::span<CollectItem* const> items, const Deadline& deadline) {
  std::vector<Hop> hops;
  const auto go_to = [](std::vector<Hop>& into, CollectItem& item, std::string url) {
    Hop hop{&item, std::move(url)};
    if (auto begun = begin(hop); !begun)
      item.error = std::move(begun.error());
    else
      into.push_back(std::move(hop));
  };
  for (auto* item : items) go_to(hops, *item, item->line.location);
  for (int redirected = 0; !hops.empty(); ++redirected) {
    std::vector<HttpRequest> requests(hops.size());
    for (std::size_t i = 0; i < hops.size(); ++i) {
      requests[i].url = hops[i].url;
      requests[i].deadline = deadline;
      requests[i].max_bytes = k_largest_download;
      requests[i].into = hops[i].file.get();
    }
    auto answers = http.send_all(requests);
    std::vector<Hop> next;
    for (std::size_t i = 0; i < hops.size(); ++i) {
      auto target = take(hops[i], std::move(answers[i]));
      (void)::unlink(hops[i].beside.c_str());  // unless it was kept
      if (target && !target->empty() && redirected == k_most_redirects) {
        target = fail(fmt::format("{}: more than {} redirects", shown(hops[i].item->line.location),
                                  k_most_redirects));
      }
      if (!target)
        hops[i].item->error = std::move(target.error());
      else if (!target->empty())
        go_to(next, *hops[i].item, std::move(*target));
    }
    hops = std::move(next);
  }
}

}  // namespace

CollectItems to_fetch(std::span<CollectItem> items, CollectKind kind) {
  CollectItems out;
  for (auto& item : items) {
    if (item.line.kind == kind && !item.source && !item.error && !item.skipped)
      out.push_back(&item);
  }
  return out;
}

void with_retries(CollectItems items, const Deadline& deadline,
                  const std::function<void(const CollectItems&)>& attempt) {
  constexpr std::array k_pauses{Millis(500), Millis(2000)};
  if (!items.empty()) attempt(items);
  for (const auto length : k_pauses) {
    std::erase_if(items,
                  [](const CollectItem* item) { return !item->error || !item->error->transient; });
    if (items.empty() || !pause_for(length, deadline) || deadline.passed()) return;
    for (auto* item : items) item->error.reset();
    attempt(items);
  }
}

void find_revisions(Host& host, const std::string& service, const CollectItems& items,
                    const Deadline& deadline) {
  if (items.empty()) return;
  CollectItems named, newest;
  for (auto* item : items) {
    item->revision = full_revision(item->line);
    if (item->revision.empty()) (item->line.revno ? named : newest).push_back(item);
  }
  auto role = host.source(to_text(items.front()->line.kind));
  if (!role) return fail_all(items, role.error());
  with_retries(newest, deadline, [&](const CollectItems& left) {
    std::vector<SourceConfig> configs;
    for (const auto* item : left) configs.push_back(config_of(*item, service));
    auto answers = (*role)->newest(configs, deadline);
    if (answers.size() != left.size())
      return fail_all(left, {ExitCode::failed, "the plugin did not answer for all"});
    for (std::size_t i = 0; i < left.size(); ++i) take(*left[i], std::move(answers[i]));
  });
  with_retries(named, deadline, [&](const CollectItems& left) {
    for (auto* item : left) {
      if (Stop::requested()) return fail_all(left, {ExitCode::interrupted, "interrupted"});
      take(*item, (*role)->resolve(config_of(*item, service), *item->line.revno, deadline));
    }
  });
}

void check_out(Host& host, const std::string& service, const CollectItems& items,
               const Deadline& deadline) {
  if (items.empty()) return;
  auto role = host.source(to_text(items.front()->line.kind));
  if (!role) return fail_all(items, role.error());
  with_retries(items, deadline, [&](const CollectItems& left) {
    std::vector<CheckoutRequest> requests;
    for (const auto* item : left)
      requests.push_back({config_of(*item, service), item->revision, item->into});
    auto answers = (*role)->checkout_all(requests, deadline);
    if (answers.size() != left.size())
      return fail_all(left, {ExitCode::failed, "the plugin did not answer for all"});
    for (std::size_t i = 0; i < left.size(); ++i) {
      if (!answers[i]) left[i]->error = std::move(answers[i].error());
    }
  });
}

Result<std::string> redirect_target(std::string_view from, std::string_view location) {
  const auto refuse = [&](std::string_view why) {
    return fail(fmt::format("{}: redirects to {}: {}", shown(from), shown(location), why));
  };
  CDCTL_TRY_ASSIGN(const auto base, parse_url(from));
  location = location.substr(0, location.find('#'));
  if (location.empty()) return refuse("an empty address");
  std::string target(location);
  if (location.starts_with("//")) {
    target = base.scheme + ":" + target;
  } else if (location.find("://") >= location.find_first_of("/?")) {
    const auto path = base.path.substr(0, base.path.find_first_of("?#"));
    auto origin = base;
    origin.path = location.starts_with('/')   ? ""
                  : location.starts_with('?') ? path
                                              : path.substr(0, path.rfind('/') + 1);
    if (!location.starts_with('/') && origin.path.empty()) origin.path = "/";
    target = origin.without_credentials() + target;
  }
  const auto url = parse_url(target);
  if (!url) return refuse(url.error().what);
  if (!url->user.empty() || !url->password.empty())
    return refuse("credentials do not belong into an address");
  if (url->scheme != "https" && url->scheme != base.scheme)
    return refuse("another scheme than https");
  return target;
}

void download(Host& host, const CollectItems& items, const Deadline& deadline) {
  if (items.empty()) return;
  auto http = host.http();
  if (!http) {
    for (auto* item : items) item->error = http.error();
    return;
  }
  with_retries(items, deadline, [&](const CollectItems& left) {
    for (std::size_t i = 0; i < left.size(); i += k_at_a_time) {
      download_some(**http, std::span(left).subspan(i, std::min(k_at_a_time, left.size() - i)),
                    deadline);
    }
  });
}

}  // namespace cdctl::mojo
