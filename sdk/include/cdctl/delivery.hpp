#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/config.hpp>
#include <cdctl/http.hpp>
#include <cdctl/roles/sink.hpp>

// What sinks over HTTP have in common: where they send, and what an answer means.

namespace cdctl {

/// How long an answer asks us to wait (Retry-After: seconds, or a date); empty when it does not. At
/// most a day.
[[nodiscard]] std::optional<Millis> retry_after(const HttpResponse& answer, Time now);

/// What an answer means for what was sent.
struct Delivery {
  enum class State {
    taken,
    again,    ///< later it may work: too many requests, a server in trouble, no answer
    refused,  ///< this will never be taken
    closed    ///< nobody is let in like this: a wrong key, a wrong address. Somebody has to mend it
  };
  State state = State::taken;
  std::string why;  ///< `429 Too Many Requests: slow down`, without addresses and secrets
  Millis wait{0};
};
/// `retried`: the statuses with which a receiver of this kind says "later". 2xx is taken, unless it
/// brings a web page: that is a login or a proxy before the receiver, and whether anything came to
/// it is unknown (`again`). 401, 403, 404, 405 and 3xx are closed, anything else is refused.
[[nodiscard]] Delivery delivery_of(const Result<HttpResponse>& answer,
                                   std::span<const int> retried);
/// An answer in the 200s that is not what this receiver says of what it took: somebody else may
/// have answered, so it counts as not taken, and waits.
[[nodiscard]] Delivery not_its_answer(const HttpResponse& answer);
/// A reason without a secret that a receiver repeats: a key in its answer, the path of an address.
[[nodiscard]] Delivery without(Delivery delivery, std::string_view secret);
/// 408, 429 and the 5xx that pass.
inline constexpr int k_retried[] = {408, 425, 429, 500, 502, 503, 504};

/// The tables of a sink in cdctl.toml: `[NAME]` for one receiver without a name, and
/// `[NAME.receivers.OTHER]` for others.
class Receivers {
 public:
  /// A table that is no table, or has a key that is not among `keys`, is a problem of its receiver
  /// alone. Without any table there is no receiver.
  [[nodiscard]] static Receivers read(const Config& config, std::string_view sink,
                                      std::span<const std::string_view> keys);
  /// What a sink finds wrong with a table beyond its keys; the receiver's name is put in for it.
  using Check =
      std::function<std::vector<ReceiverList::Problem>(const std::string& name, const Json& table)>;
  /// Those whose tables can be used, and everything that is wrong with the others.
  [[nodiscard]] ReceiverList list(const Check& check = {}) const;
  /// Exit code `config` when there is none of that name, or it cannot be used.
  [[nodiscard]] Result<const Json*> table(const std::string& name) const;
  /// `[pagerduty]`, `[webhook.receivers.chat]`: how an error names it.
  [[nodiscard]] std::string place(const std::string& name) const;
  /// `pagerduty`, `webhook.receivers.chat`: the key of its table.
  [[nodiscard]] std::string key(const std::string& name) const;

 private:
  void add(const std::string& name, const Json& table, std::span<const std::string_view> keys);

  std::string sink_, file_;
  std::map<std::string, Json> tables_;
  std::vector<ReceiverList::Problem> problems_;
};

/// A key with the name of a secret's three (`url_file`, `url_env`, `url_command`), which has to be
/// there. Exit code `config`.
[[nodiscard]] Result<std::string> needed_secret(const Receivers& receivers, const std::string& name,
                                                std::string_view key, const Config& config);

}  // namespace cdctl
