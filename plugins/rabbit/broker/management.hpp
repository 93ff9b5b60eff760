#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <cdctl/host.hpp>
#include <cdctl/http.hpp>
#include <cdctl/json.hpp>

#include "plugins/rabbit/broker/settings.hpp"
#include "plugins/rabbit/broker/version.hpp"

namespace cdctl::rabbit {

/// What RabbitMQ answers to a look.
enum class Shape {
  object,
  list,
  any,  ///< of one whose `?columns=` may not be there yet: an empty list then, and no object
};

/// One call of the management API. Paths begin below `/api`; names in them are already encoded
/// (path_of). An answer of another shape, or about somebody else, is not RabbitMQ's.
struct ApiCall {
  std::string method = "GET";
  std::string path;
  Json body{};        ///< sent unless null
  std::string doing;  ///< for the error: `reading user thumbs-r5f0c1e9a2b`
  std::vector<std::pair<std::string, std::string>> headers{};
  Shape shape = Shape::object;
  std::string name{};  ///< the `name` that the object must have; empty = not looked at
};

struct ApiAnswer {
  int status = 0;
  std::string text;
  [[nodiscard]] bool ok() const { return status >= 200 && status < 300; }
  /// RabbitMQ itself says that there is no such thing. A 404 of a proxy, or of a plugin that is not
  /// on, says nothing about users or queues.
  [[nodiscard]] bool not_there() const;
};

/// `/users/thumbs-r5f0c1e9a2b`: each part percent-encoded.
[[nodiscard]] std::string path_of(std::initializer_list<std::string_view> parts);

/// The call whose answer Management::take_version() takes.
[[nodiscard]] ApiCall version_call();

/// Whether a node has answered `/whoami`: 401 is an answer, since another node knows the same
/// users.
[[nodiscard]] bool says_who(const HttpResponse& response);

/// RabbitMQ's management API of one broker over the host's HTTP client. `settings` are of the
/// broker, its vhost the one to work in. Where that has several nodes, the first that answers is
/// asked, until it fails to; all calls can be repeated, and are where a node has gone. Errors:
/// `unknown` when nobody answered, or otherwise than RabbitMQ would; `failed` when the broker
/// itself said no to a change; `timeout`; `interrupted`.
class Management {
 public:
  Management(Host& host, BrokerSettings settings) : host_(host), settings_(std::move(settings)) {}

  [[nodiscard]] const BrokerSettings& settings() const { return settings_; }
  [[nodiscard]] Host& host() const { return host_; }

  /// Any status is a value.
  [[nodiscard]] Result<ApiAnswer> send(const ApiCall& call, const Deadline& deadline);
  [[nodiscard]] std::vector<Result<ApiAnswer>> send_all(std::span<const ApiCall> calls,
                                                        const Deadline& deadline,
                                                        std::size_t parallel = 16);
  /// Chooses the node to ask; nothing to do where there is one. A node that hangs takes the time
  /// of its connection and not the deadline.
  void choose(Http& http, const Deadline& deadline);
  /// The one that is asked.
  [[nodiscard]] const std::string& base() const {
    return settings_.managements[chosen_.value_or(0)];
  }
  /// The two halves of send(), for calls to several brokers at once; choose() before.
  [[nodiscard]] HttpRequest request_for(const ApiCall& call, const Deadline& deadline) const;
  [[nodiscard]] Result<ApiAnswer> answer_to(const ApiCall& call,
                                            Result<HttpResponse> response) const;
  /// The JSON of a 200, in the shape of the call; other statuses are errors.
  [[nodiscard]] Result<Json> get(const ApiCall& call, const Deadline& deadline);
  /// The same, and empty where there is no such thing.
  [[nodiscard]] Result<std::optional<Json>> get_if_there(const ApiCall& call,
                                                         const Deadline& deadline);
  /// Sends a PUT, POST or DELETE that must succeed.
  [[nodiscard]] Result<> act(const ApiCall& call, const Deadline& deadline);
  /// All at once; the first error if any.
  [[nodiscard]] Result<> act_all(std::span<const ApiCall> calls, const Deadline& deadline);
  /// The first answer that is not a success, as an error.
  [[nodiscard]] Result<> check_all(std::span<const ApiCall> calls,
                                   std::span<const Result<ApiAnswer>> answers) const;

  /// Which RabbitMQ it is: empty until somebody has asked. A command asks once, beside what else it
  /// asks.
  [[nodiscard]] const std::optional<Version>& version() const { return version_; }
  /// Remembers what version_call() was answered. Exit code `unknown` when no version is in it.
  [[nodiscard]] Result<> take_version(const Json& overview);
  /// The same for who has nothing else to ask.
  [[nodiscard]] Result<Version> ask_version(const Deadline& deadline);

  /// What our clock is ahead of the broker's, by the dates of its answers: 0 while that is less
  /// than two seconds, for a date is cut to the second; and the same from one answer to the next,
  /// so that a time that is translated back and forth stays what it is.
  [[nodiscard]] Millis ahead() const { return ahead_; }
  /// The same for who has asked nothing else: it asks, if no answer came before. 0 when none comes.
  [[nodiscard]] Millis ask_ahead(const Deadline& deadline);

  /// What an answer that is not a success means, in plain words.
  [[nodiscard]] Error explain(const ApiCall& call, const ApiAnswer& answer) const;
  [[nodiscard]] Result<Json> parse(const ApiCall& call, const ApiAnswer& answer) const;

 private:
  /// The error, with the broker's name where it is not the default one.
  [[nodiscard]] Error named(const Error& error) const;

  void look_at_clock(const HttpResponse& response) const;
  /// Gives up the node that did not answer. True when no call got an answer and all may be made
  /// again at another node.
  [[nodiscard]] bool gone(std::span<const Result<HttpResponse>> responses);

  Host& host_;
  const BrokerSettings settings_;
  std::optional<Version> version_;
  mutable Millis ahead_{};
  mutable bool dated_ = false;         ///< an answer has said what time it is there
  std::optional<std::size_t> chosen_;  ///< of the nodes; empty = none has answered yet
};

/// The `date` of an answer, cut to the second.
[[nodiscard]] std::optional<Time> date_of(const HttpResponse& response);

}  // namespace cdctl::rabbit
