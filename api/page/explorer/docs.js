// The API to try out: Swagger UI on this server's own document. Nothing is loaded from anywhere else.

window.ui = SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#docs",
  deepLinking: true,
  docExpansion: "list",
  filter: true,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  persistAuthorization: false,
  // It would send the document to a validator elsewhere.
  validatorUrl: null,
});
