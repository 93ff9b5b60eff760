#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <cdctl/host.hpp>
#include <cdctl/time.hpp>

#include "checkouts.hpp"
#include "collect_file.hpp"
#include "workspace.hpp"

namespace cdctl::mojo {

struct CollectOptions {
  std::filesystem::path lock_out;                    ///< the lock that a success writes; empty = none
  std::optional<std::vector<CollectLine>> locked;    ///< repeat exactly this lock
};

/// One destination as it was collected.
struct Collected {
  std::string destination, kind, url, revision;
};

/// Fills the build folder by the lines of a collect file.
///
/// A line whose location is that of a source of the service gives that source at the set's revision: its destination is a
/// link to the checkout that is already there, so that a build and the units see the same files. Other git lines are read
/// at their newest commit, which the revision of the set does not cover: they are told as a note.
class Collector {
 public:
  Collector(Host& host, const std::string& service, const Workspace& workspace, const std::map<std::string, Fetched>& sources)
      : host_(host), service_(service), workspace_(workspace), sources_(sources) {}
  [[nodiscard]] Result<std::vector<Collected>> collect(const std::vector<CollectLine>& lines, const CollectOptions& options, const Deadline& deadline);

 private:
  [[nodiscard]] Result<> one(const CollectLine& line, const Deadline& deadline);
  [[nodiscard]] Result<> git(const CollectLine& line, const std::filesystem::path& into, const Deadline& deadline);
  [[nodiscard]] Result<> local(const CollectLine& line, const std::filesystem::path& into, const Deadline& deadline);
  [[nodiscard]] const Fetched* source_at(const CollectLine& line) const;

  Host& host_;
  const std::string& service_;
  const Workspace& workspace_;
  const std::map<std::string, Fetched>& sources_;
};

}  // namespace cdctl::mojo
