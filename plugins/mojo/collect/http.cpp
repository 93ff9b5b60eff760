#include <algorithm>

#include <fmt/format.h>

#include <cdctl/digest.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/http.hpp>
#include <cdctl/text.hpp>
#include <cdctl/url.hpp>

#include "plugins/mojo/collect/fetch.hpp"

namespace cdctl::mojo {

namespace {

constexpr std::size_t k_largest_download = 1u << 30;
constexpr std::size_t k_at_a_time = 8;  // each answer is held in memory
constexpr int k_most_redirects = 5;

/// A request for an item, perhaps after redirects.
struct Hop {
  CollectItem* item;
  std::string url;
};

bool redirects(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/// An address for messages: a query often holds a token.
std::string shown(std::string_view url) {
  return printable(url.substr(0, url.find_first_of("?#")), 200);
}

Result<> keep(CollectItem& item, std::string_view bytes) {
  auto sha256 = sha256_hex(bytes);
  if (item.line.sha256 && *item.line.sha256 != sha256) {
    return fail(fmt::format("{} has the SHA-256 {}, not {}", shown(item.line.location), sha256,
                            *item.line.sha256));
  }
  item.revision = std::move(sha256);
  return write_file_atomically(item.into, bytes);
}

/// Deals with the answer to a hop; the address to go on to, or empty.
Result<std::string> take(const Hop& hop, Result<HttpResponse> answer) {
  if (!answer) return fail(std::move(answer.error()));
  if (answer->status == 200) {
    CDCTL_TRY(keep(*hop.item, answer->body));
    return std::string();
  }
  if (redirects(answer->status)) return redirect_target(hop.url, answer->headers["location"]);
  Error error{ExitCode::unknown, fmt::format("{}: answered {}", shown(hop.url), answer->status)};
  error.transient = answer->status >= 500;
  return fail(std::move(error));
}

void download_some(Http& http, std::span<CollectItem* const> items, const Deadline& deadline) {
  std::vector<Hop> hops;
  for (auto* item : items) hops.push_back({item, item->line.location});
  for (int redirected = 0; !hops.empty(); ++redirected) {
    std::vector<HttpRequest> requests(hops.size());
    for (std::size_t i = 0; i < hops.size(); ++i) {
      requests[i].url = hops[i].url;
      requests[i].deadline = deadline;
      requests[i].max_bytes = k_largest_download;
    }
    auto answers = http.send_all(requests);
    std::vector<Hop> next;
    for (std::size_t i = 0; i < hops.size(); ++i) {
      auto target = take(hops[i], std::move(answers[i]));
      if (target && !target->empty() && redirected == k_most_redirects) {
        target = fail(fmt::format("{}: more than {} redirects", shown(hops[i].item->line.location),
                                  k_most_redirects));
      }
      if (!target)
        hops[i].item->error = std::move(target.error());
      else if (!target->empty())
        next.push_back({hops[i].item, std::move(*target)});
    }
    hops = std::move(next);
  }
}

}  // namespace

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
