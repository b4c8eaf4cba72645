"""Documents of projects with live blocks: the lab notebook and reports, and their pages as one file."""
