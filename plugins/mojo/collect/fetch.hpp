#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/host.hpp>
#include <cdctl/time.hpp>

#include "plugins/mojo/collect/collect.hpp"

namespace cdctl::mojo {

using CollectItems = std::vector<CollectItem*>;

/// The items, in their order, of one kind that have to be fetched and did not fail so far.
[[nodiscard]] CollectItems to_fetch(std::span<CollectItem> items, CollectKind kind);

/// Calls `attempt`, which sets the error of what failed, then again (with the failed ones alone,
/// their errors cleared) as long as some failed on the way there: three tries with a pause of 0.5 s
/// and then 2 s.
void with_retries(CollectItems items, const Deadline& deadline,
                  const std::function<void(const CollectItems&)>& attempt);

/// Finds the revision of each: the one that its revno names, else the newest of its branch.
void find_revisions(Host& host, const std::string& service, const CollectItems& items,
                    const Deadline& deadline);

/// Checks each out at its revision. All are of one kind, git or bzr.
void check_out(Host& host, const std::string& service, const CollectItems& items,
               const Deadline& deadline);

/// Downloads each: an answer of status 200, at most 1 GiB, after at most 5 redirects to the same
/// scheme or to https, with the SHA-256 that its line says. The revision is the SHA-256. Files
/// appear whole or not at all.
void download(Host& host, const CollectItems& items, const Deadline& deadline);

/// Where a redirect leads; exit code `failed` when it may not be followed.
[[nodiscard]] Result<std::string> redirect_target(std::string_view from, std::string_view location);

}  // namespace cdctl::mojo
