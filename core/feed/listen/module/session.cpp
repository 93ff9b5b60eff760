#include "core/feed/listen/module/session.hpp"

#include <algorithm>

namespace cdctl::feed::listen {

namespace {

constexpr Millis k_linger{2000};
constexpr std::size_t k_most_lingered = 8u << 20;

/// Takes as long for every wrong token of one length, wherever it differs.
bool same(std::string_view given, std::string_view wanted) {
  unsigned different = given.size() != wanted.size();
  for (std::size_t i = 0; i < given.size(); ++i)
    different |=
        static_cast<unsigned char>(given[i] ^ wanted[i % std::max<std::size_t>(wanted.size(), 1)]);
  return different == 0 && !wanted.empty();
}

bool same_word(std::string_view a, std::string_view b) {
  return beast::iequals({a.data(), a.size()}, {b.data(), b.size()});
}

}  // namespace

bool Session::knows_token() const {
  const auto field = parser_->get()[http::field::authorization];
  const std::string_view given(field.data(), field.size());
  constexpr std::string_view scheme = "Bearer ";
  return given.size() > scheme.size() && same_word(given.substr(0, scheme.size()), scheme) &&
         same(given.substr(scheme.size()), hub_.token);
}

void Session::read_header() {
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(hub_.limits.header));
  parser_->body_limit(hub_.limits.body);
  stream_.expires_after(hub_.limits.step);
  http::async_read_header(stream_, buffer_, *parser_,
                          [self = shared_from_this()](const beast::error_code& error, std::size_t) {
                            if (error)
                              self->fail_read(error);
                            else
                              self->take_header();
                          });
}

/// Who may not, or wants something else, is told before a byte of the body is read.
void Session::take_header() {
  const auto& request = parser_->get();
  if (!knows_token())
    return write(401, "give the listener's token: Authorization: Bearer TOKEN", true);
  if (request.method() != http::verb::post) return write(405, "only POST is taken", true);
  const auto length = parser_->content_length();
  if (length && *length > hub_.limits.body)
    return write(413, "the body is longer than 1 MiB", true);
  if (same_word(std::string_view(request[http::field::expect].data(),
                                 request[http::field::expect].size()),
                "100-continue"))
    return go_on();
  read_body();
}

void Session::go_on() {
  continue_.emplace(http::status::continue_, parser_->get().version());
  http::async_write(stream_, *continue_,
                    [self = shared_from_this()](const beast::error_code& error, std::size_t) {
                      if (!error) self->read_body();
                    });
}

void Session::read_body() {
  http::async_read(stream_, buffer_, *parser_,
                   [self = shared_from_this()](const beast::error_code& error, std::size_t) {
                     if (error)
                       self->fail_read(error);
                     else
                       self->hand_over();
                   });
}

void Session::fail_read(const beast::error_code& error) {
  if (error == http::error::body_limit) return write(413, "the body is longer than 1 MiB", true);
  if (error == http::error::header_limit)
    return write(431, "the headers are longer than 16 KiB", true);
  if (error == http::error::end_of_stream || error == beast::error::timeout)
    return;  // has gone, or dawdles: the connection closes with us
  const bool syntax = error.category() == http::make_error_code(http::error::bad_method).category();
  if (syntax && error != http::error::partial_message)
    write(400, "not an HTTP request: " + error.message(), true);
}

void Session::hand_over() {
  const auto& request = parser_->get();
  Arrival out;
  out.target = std::string(request.target());
  out.content_type = std::string(request[http::field::content_type]);
  for (const auto& field : request) {
    std::string name(field.name_string());
    std::ranges::transform(name, name.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    });
    if (name.starts_with("ce-"))
      out.headers.emplace_back(std::move(name), std::string(field.value()));
  }
  out.body = std::move(parser_->get().body());
  waiting_ = true;
  stream_.expires_never();  // the one who decides keeps its own deadline
  hub_.arrived(std::move(out), shared_from_this());
}

void Session::answer(const ListenAnswer& answer) {
  if (std::exchange(waiting_, false)) write(answer.status, answer.line, false);
}

void Session::write(int status, const std::string& line, bool last) {
  const bool keep = !last && parser_->get().keep_alive();
  response_.emplace(static_cast<http::status>(status), 11);
  response_->keep_alive(keep);
  response_->set(http::field::server, "cdctl");
  if (status == 401) response_->set(http::field::www_authenticate, "Bearer");
  if (status == 405) response_->set(http::field::allow, "POST");
  if (status == 503) response_->set(http::field::retry_after, "5");
  if (status != 204) {
    response_->set(http::field::content_type, "text/plain; charset=utf-8");
    response_->body() = line + "\n";
    response_->prepare_payload();
  }
  stream_.expires_after(hub_.limits.step);
  http::async_write(stream_, *response_,
                    [self = shared_from_this(), keep](const beast::error_code& error, std::size_t) {
                      if (error) return;
                      if (keep) return self->read_header();
                      beast::error_code ignored;
                      self->stream_.socket().shutdown(boost::asio::ip::tcp::socket::shutdown_send,
                                                      ignored);
                      self->stream_.expires_after(std::min(self->hub_.limits.step, k_linger));
                      self->linger();
                    });
}

void Session::linger() {
  buffer_.clear();
  stream_.async_read_some(
      buffer_.prepare(1 << 16),
      [self = shared_from_this()](const beast::error_code& error, std::size_t got) {
        self->lingered_ += got;
        if (!error && self->lingered_ < k_most_lingered) self->linger();
      });
}

}  // namespace cdctl::feed::listen
