#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <cdctl/error.hpp>
#include <cdctl/host.hpp>
#include <cdctl/http.hpp>
#include <cdctl/json.hpp>
#include <cdctl/time.hpp>

namespace cdctl {

/// A server with a REST API that speaks JSON, and how it wants to be spoken to.
struct RestServer {
  std::string name;  ///< for people: GitHub
  std::string api;   ///< `https://api.github.com`, without a slash at the end
  std::vector<std::pair<std::string, std::string>> headers;  ///< of each request; the token is here
  std::string size_word = "per_page";  ///< of a list: how many a page shall have
  std::size_t page_size = 100;
};

struct RestRequest {
  std::string method = "GET";
  std::string path;         ///< from the API's address on, with its query
  Json body;                ///< null: none
  bool repeatable = false;  ///< twice is as good as once, so a lost answer is asked for again
};
struct RestAnswer {
  int status = 0;
  Json body;                                   ///< null where there is none
  std::map<std::string, std::string> headers;  ///< names in lower case
  [[nodiscard]] bool ok() const { return status >= 200 && status < 300; }
};

/// A list that comes in pages.
struct RestList {
  std::string path;
  std::string member;  ///< of the answer, which has the list; empty = the answer is the list
};

/// Asks one server. What it has answered is kept in the home with its ETag, so that what has not
/// changed costs it, and our rate limit, nothing. Where a rate limit says to wait, or the server is
/// in trouble, it is asked again within the deadline; otherwise the error says when to come back,
/// and nobody of this home asks before.
///
/// The error is "no answer" or one that cannot be used: exit code `unknown` or `timeout`. It never
/// holds a token. A list is whole, or an error.
class Rest {
 public:
  Rest(Host& host, RestServer server);

  /// Whatever the server has decided: any status but those that say "later".
  [[nodiscard]] Result<RestAnswer> ask(const RestRequest& request, const Deadline& deadline);
  /// What is there; 404 is Reason::not_there.
  [[nodiscard]] Result<Json> get(const std::string& path, const Deadline& deadline);
  /// The same of many at once; answers in the order asked.
  [[nodiscard]] std::vector<Result<Json>> get_all(std::span<const std::string> paths,
                                                  const Deadline& deadline);
  [[nodiscard]] Result<Json::Array> list(const RestList& list, const Deadline& deadline);
  [[nodiscard]] std::vector<Result<Json::Array>> lists(std::span<const RestList> lists,
                                                       const Deadline& deadline);
  /// What an answer says that is not the one that was wanted, with the server's own words.
  [[nodiscard]] Error refusal(const RestRequest& request, const RestAnswer& answer) const;

  [[nodiscard]] const RestServer& server() const { return server_; }

 private:
  struct Call;
  struct Look;
  struct Kept;
  struct Pages;
  [[nodiscard]] std::vector<Result<HttpResponse>> send(std::span<const Call> calls,
                                                       const Deadline& deadline);
  [[nodiscard]] Look judge(const Call& call, const Result<HttpResponse>& answer, unsigned round,
                           const Deadline& deadline) const;
  [[nodiscard]] std::vector<Result<RestAnswer>> read(std::span<const std::string> paths,
                                                     const Deadline& deadline);
  [[nodiscard]] Result<RestAnswer> decode(const Call& call, HttpResponse response) const;
  [[nodiscard]] std::optional<Kept> kept(const std::string& path) const;
  void keep(const std::string& path, const HttpResponse& response);
  void forget_old() const;
  [[nodiscard]] std::optional<Time> closed_until() const;
  void close_until(Time until) const;
  [[nodiscard]] Error come_back(Time until) const;
  [[nodiscard]] std::string without_secrets(std::string text) const;

  Host& host_;
  RestServer server_;
  std::filesystem::path folder_;  ///< of what is kept, for this server and this token
  bool tidied_ = false;
};

}  // namespace cdctl
