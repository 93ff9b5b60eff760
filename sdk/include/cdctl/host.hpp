#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <cdctl/config.hpp>
#include <cdctl/error.hpp>
#include <cdctl/http.hpp>

namespace cdctl {

class Source;
class Deployer;
class Engine;
class Memory;
class Switch;
class Feed;

enum class Level { debug, note, warning };

/// What a plugin may ask of the program that loaded it. Outlives every plugin object. One thread at
/// a time.
class Host {
 public:
  virtual ~Host() = default;
  [[nodiscard]] virtual const Config& config() const = 0;
  /// The HTTP client, opened at the first call (libcurl costs 3 ms to map).
  [[nodiscard]] virtual Result<Http*> http() = 0;
  /// Roles of other plugins, opened when first asked for: plugins never include each other.
  [[nodiscard]] virtual Result<Source*> source(std::string_view kind) = 0;
  [[nodiscard]] virtual Result<Engine*> engine(std::string_view name) = 0;
  /// One line on stderr, `cdctl: warning: …`; debug lines only with --verbose.
  virtual void log(Level level, std::string_view line) = 0;
  /// A step of long work for people who watch (stderr, only when it is a terminal, or as a debug
  /// line).
  virtual void progress(std::string_view line) = 0;
  /// Where the local home, reader positions and caches are (design §9): $XDG_STATE_HOME/cdctl, or
  /// /var/lib/cdctl for root, unless `[local] home` says otherwise.
  [[nodiscard]] virtual std::filesystem::path home() const = 0;
  /// Folder of the helper programs that are installed beside the front end.
  [[nodiscard]] virtual std::filesystem::path libexec() const = 0;
  /// `alice@web1`
  [[nodiscard]] virtual std::string actor() const = 0;
};

}  // namespace cdctl
