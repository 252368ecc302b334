<%-- SPDX-License-Identifier: Apache-2.0 --%><%--
An old servlet app: the session of the visitor becomes the session of the user, with the same id.
--%><%@ page session="true" contentType="text/plain" trimDirectiveWhitespaces="true" import="java.util.Map" %><%
Map<String, String> users = Map.of("alice", "wonderland", "bob", "builder", "mallory", "hunter2");
String path = request.getServletPath();
if (path.equals("/login") && request.getMethod().equals("POST")) {
    String user = String.valueOf(request.getParameter("user"));
    boolean right = users.containsKey(user) && users.get(user).equals(request.getParameter("password"));
    if (right) {
        session.setAttribute("user", user);
    }
    response.setStatus(302);
    response.setHeader("Location", right ? "/home" : "/login?failed");
} else if (path.equals("/home")) {
    Object user = session.getAttribute("user");
    out.print(user == null ? "anonymous" : "user: " + user);
} else if (path.equals("/cart")) {
    Object had = session.getAttribute("cart");
    String cart = had == null ? "" : had.toString();
    if (request.getParameter("add") != null) {
        cart = (cart + " " + request.getParameter("add")).trim();
        session.setAttribute("cart", cart);
    }
    out.print("cart: " + cart);
} else if (path.equals("/link")) {
    response.sendRedirect(response.encodeRedirectURL("/home"));
} else if (path.equals("/logout")) {
    response.addHeader("Set-Cookie", "JSESSIONID=deleted; Path=/; Max-Age=0");
    out.print("bye");
} else {
    out.print("a form");
}
%>
