#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <cdctl/error.hpp>
#include <cdctl/time.hpp>

namespace cdctl::feed {

/// One HTTP request that came in whole, from someone who knew the token.
struct Arrival {
  std::uint64_t id = 0;
  std::string target;        ///< path and query
  std::string content_type;  ///< as sent
  std::vector<std::pair<std::string, std::string>>
      headers;  ///< those that begin with `ce-`, names in lower case
  std::string body;
  std::string accept = {};  ///< as sent
};

struct ListenAnswer {
  int status = 204;
  std::string line;       ///< for people; no line break
  std::string type = {};  ///< of content: then `line` is all of it, as it stands, or
  std::shared_ptr<const std::string> content = {};  ///< this is, which many answers may share
  std::vector<std::pair<std::string, std::string>> headers = {};  ///< beside those of HTTP
  /// The content is only the beginning: what push() is given follows, until the client goes, or
  /// takes it more slowly than it comes.
  bool stream = false;
};

/// What a listener is there for.
enum class Serves {
  signals,  ///< takes POST
  pages,    ///< takes GET and HEAD; without a token it is there for this machine alone
};

/// What a listener takes at most. Each deadline is for the whole of its step.
struct ListenLimits {
  /// At once. When one more comes, the one goes that has kept us waiting longest: of those that
  /// have not said the token, and of the address that has most of them, where there are any.
  std::size_t connections = 2048;
  std::size_t body = 1u << 20;     ///< bytes
  std::size_t bodies = 16u << 20;  ///< bytes of all bodies that are read or wait for an answer
  std::size_t header = 16u << 10;
  /// Streams at once. When one more begins, the oldest goes of the address that has most of them.
  std::size_t streams = 256;
  std::size_t backlog = 8u << 20;  ///< bytes that a stream has not taken
  Millis head{5'000};              ///< to say a header, from the connection or the answer before on
  Millis step{10'000};             ///< to say a body; to take an answer
};

/// A small HTTP/1.1 server. It has one thread of its own that reads and writes; what came in waits
/// in take() until someone decides and calls answer(). Requests without the token (401), of another
/// method (405) or too long (413) never get there.
class Listener {
 public:
  virtual ~Listener() = default;
  /// `127.0.0.1:8080`: where it listens, with the port that it was given when it asked for 0.
  [[nodiscard]] virtual std::string address() const = 0;
  /// What came in, at least one unless nothing did within `wait` or a stop was requested; not much
  /// more than one body may hold, since what is made of it is larger.
  [[nodiscard]] virtual std::vector<Arrival> take(Millis wait) = 0;
  /// An answer to an arrival; nothing happens when its connection has gone.
  virtual void answer(std::uint64_t id, ListenAnswer answer) = 0;
  /// The next piece of every stream: all share its bytes.
  virtual void push(std::shared_ptr<const std::string> piece) = 0;
  /// How many streams there are.
  [[nodiscard]] virtual std::size_t streams() const = 0;
};

/// Splits `127.0.0.1:8080` or `[::1]:8080`. Exit code `usage` when it is no loopback address with a
/// port: what listens has no TLS. `anywhere`: any address of this machine will do.
[[nodiscard]] Result<std::pair<std::string, std::uint16_t>> parse_listen_address(
    std::string_view text, bool anywhere = false);

/// Opens the module that listens (it is the only one that links Asio), and listens. Exit code
/// `config` when the module or the address cannot be used. Pages may do without a token, on a
/// loopback address; with one they may be asked for from elsewhere.
[[nodiscard]] Result<std::unique_ptr<Listener>> open_listener(std::string_view address,
                                                              const std::string& token,
                                                              const ListenLimits& limits = {},
                                                              Serves serves = Serves::signals);

}  // namespace cdctl::feed
