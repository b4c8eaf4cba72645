"""Tools on stores: archives, mirrors, maintenance, export. They need no server and no Django."""
