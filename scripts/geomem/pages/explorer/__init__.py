"""The explorer: the collected tables of all experiments, to look through in a browser.

`records` chooses the rows that the page holds, `packed` writes them as columns, `page` puts them
into one HTML file with the scripts and the style beside this module.
"""
