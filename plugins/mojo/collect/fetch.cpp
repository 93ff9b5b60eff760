#include "plugins/mojo/collect/fetch.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include <cdctl/roles.hpp>
#include <cdctl/source.hpp>
#include <cdctl/stop.hpp>

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

}  // namespace cdctl::mojo
