"""The MCP server: experiments for agents (Model Context Protocol, https://modelcontextprotocol.io)."""
