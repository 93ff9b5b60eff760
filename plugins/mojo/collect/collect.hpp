#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <cdctl/host.hpp>
#include <cdctl/time.hpp>

#include "plugins/mojo/collect/file.hpp"
#include "plugins/mojo/spec/checkouts.hpp"
#include "plugins/mojo/spec/workspace.hpp"

namespace cdctl::mojo {

struct CollectOptions {
  std::filesystem::path lock_out;                  ///< the lock that a success writes; empty = none
  std::optional<std::vector<CollectLine>> locked;  ///< repeat exactly this lock
};

/// One destination as it was collected.
struct Collected {
  std::string destination;
  std::string kind;      ///< git, bzr, http, local, folder, charm
  std::string url;       ///< as given to the one who fetched it; empty for an empty folder
  std::string revision;  ///< commit, revision-id or SHA-256; empty where the spec's own revision
                         ///< says it, and of a charm
};

/// A line on its way through a collect.
struct CollectItem {
  CollectLine line;  ///< with the revision of the lock, where there is one
  std::filesystem::path into;
  const Fetched* source = nullptr;  ///< the source of the service that it is, already on disk
  std::string revision = {};
  std::optional<std::int64_t> number = {};
  std::optional<Error> error = {};
  bool skipped = false;  ///< its parent failed
  bool there = false;    ///< in its place
};

/// Fills the build folder by the lines of a collect file, all of one depth at the same time. Lines
/// that fail do not stop the others; the error then names them all. What failed on the way there is
/// tried three times.
///
/// A line whose location is that of a source of the service gives that source at the set's
/// revision, also against a lock: its destination is a link to the checkout that is already there,
/// so that a build and the units see the same files. Other lines without a revno are read at their
/// newest, which the revision of the set does not cover: they are noted. Charms (`cs:
/// ch:`) are the engine's: one without charms leaves them out, with a note.
///
/// Destinations are not marked in any way: all that is known of them is in the lock.
class Collector {
 public:
  Collector(Host& host, const std::string& service, const Workspace& workspace,
            const std::map<std::string, Fetched>& sources)
      : host_(host), service_(service), workspace_(workspace), sources_(sources) {}
  /// `lines` as parse_collect_file() gives them: parents first. Exit code `config` when the lock
  /// does not fit them (nothing is fetched then), else that of the worst failure.
  [[nodiscard]] Result<std::vector<Collected>> collect(const std::vector<CollectLine>& lines,
                                                       const CollectOptions& options,
                                                       const Deadline& deadline);

 private:
  [[nodiscard]] const Fetched* source_at(const CollectLine& line) const;
  [[nodiscard]] std::vector<CollectItem> items_of(const std::vector<CollectLine>& written,
                                                  std::vector<CollectLine> wanted) const;
  void tell(const std::vector<CollectItem>& items, std::string_view what) const;
  void collect_level(const std::vector<CollectItem>& items, std::span<CollectItem> level,
                     const Deadline& deadline) const;
  [[nodiscard]] Result<> prepare(const CollectItem& item) const;
  [[nodiscard]] Result<> place(const CollectItem& item, const Deadline& deadline) const;
  [[nodiscard]] Result<> local(const CollectItem& item, const Deadline& deadline) const;
  void note_unpinned(const std::vector<CollectItem>& items) const;

  Host& host_;
  const std::string& service_;
  const Workspace& workspace_;
  const std::map<std::string, Fetched>& sources_;
};

}  // namespace cdctl::mojo
